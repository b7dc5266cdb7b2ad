package azure

import (
	"fmt"
	"strings"
	"testing"
)

const testKey = "dGhlIGtleQ=="

func TestParseConnectionString(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		want Connection
	}{
		"Azure":      {"DefaultEndpointsProtocol=https;AccountName=photos;AccountKey=" + testKey + ";EndpointSuffix=core.windows.net", Connection{"photos", testKey, "https://photos.blob.core.windows.net"}},
		"China":      {"AccountName=photos;AccountKey=" + testKey + ";EndpointSuffix=core.chinacloudapi.cn;", Connection{"photos", testKey, "https://photos.blob.core.chinacloudapi.cn"}},
		"short":      {" UseDevelopmentStorage=true ", Connection{DevAccount, DevKey, "http://127.0.0.1:10000/devstoreaccount1"}},
		"proxy":      {"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite/", Connection{DevAccount, DevKey, "http://azurite:10000/devstoreaccount1"}},
		"any case":   {"accountname=a;ACCOUNTKEY=" + testKey + ";blobendpoint=http://localhost:1/a/", Connection{"a", testKey, "http://localhost:1/a"}},
		"own domain": {"AccountName=a;AccountKey=" + testKey + ";BlobEndpoint=https://blobs.example.org", Connection{"a", testKey, "https://blobs.example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseConnectionString(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestParseConnectionStringRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "AccountName is missing",
		"AccountName":                           "no '='",
		"AccountName=a":                         "AccountKey is missing",
		"AccountName=a;AccountKey=%%%":          "not base64",
		"AccountName=a;SharedAccessSignature=x": "holds a SAS",
		"AccountName=a;AccountName=b;AccountKey=" + testKey:                "twice",
		"AccountName=a;AccountKey=" + testKey + ";BlobEndpoint=ftp://a/":   "neither https nor http",
		"AccountName=a;AccountKey=" + testKey + ";BlobEndpoint=a":          "not an absolute URL",
		"AccountName=a;AccountKey=" + testKey + ";BlobEndpoint=http://a?x": "no query",
	} {
		_, err := ParseConnectionString(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func TestConnectionHidesItsKey(t *testing.T) {
	c, err := ParseConnectionString("AccountName=a;AccountKey=" + testKey)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %s %+v", c, c, c); strings.Contains(text, testKey) {
		t.Error(text)
	}
}

func FuzzParseConnectionString(f *testing.F) {
	f.Add("UseDevelopmentStorage=true")
	f.Add("DefaultEndpointsProtocol=https;AccountName=photos;AccountKey=" + testKey)
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseConnectionString(s)
		if err != nil {
			if strings.Contains(s, testKey) && strings.Contains(err.Error(), testKey) {
				t.Errorf("the error shows the key: %v", err)
			}
			return
		}
		again, err := ParseConnectionString("AccountName=" + c.Account + ";AccountKey=" + c.Key + ";BlobEndpoint=" + c.BlobURL)
		if err != nil || again != c {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}

func TestAccountNameFromURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://photos.blob.core.windows.net":    "photos",
		"http://127.0.0.1:10000/devstoreaccount1": "devstoreaccount1",
		"http://localhost:10000":                  "",
		"http://127.0.0.1:10000":                  "",
	} {
		got, err := accountOf(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("accountOf(%q) = %q, %v", in, got, err)
		}
	}
}
