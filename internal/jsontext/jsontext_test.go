package jsontext

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzAppendString holds AppendString to encoding/json.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain & <b>", `"\`, "\x00\n\x7f", "Ünïcode \u2028 \U0001f600", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := AppendString([]byte("before"), s); "before"+want.String() != string(got)+"\n" {
			t.Errorf("%q is %s, want %s", s, got, want.String())
		}
	})
}

type members struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

func fields(data []byte) (m members, ok bool) {
	ok = Fields(data, func(name, value []byte) bool {
		switch string(name) {
		case "name":
			m.Name = string(value)
		case "type":
			m.Type = string(value)
		default:
			return false
		}
		return true
	}, func(name []byte, value int64) bool {
		m.Size = value
		return string(name) == "size"
	})
	return m, ok
}

func TestFieldsReadsWhatIsOrdinary(t *testing.T) {
	for data, want := range map[string]members{
		`{"name":"a b.jpg","type":"image/jpeg","size":4000000}`:     {"a b.jpg", "image/jpeg", 4000000},
		" {\n\t\"size\" : 0 , \"name\":\"\xc3\xa9t\xc3\xa9\" }\r\n": {Name: "été"},
		`{"size":1,"size":2}`:         {Size: 2}, // as encoding/json has it
		`{}`:                          {},
		`{"size":999999999999999999}`: {Size: 999999999999999999},
	} {
		if got, ok := fields([]byte(data)); !ok || got != want {
			t.Errorf("%s: %+v, %v", data, got, ok)
		}
	}
}

func TestFieldsLeavesTheRestToEncodingJSON(t *testing.T) {
	for _, data := range []string{"", "{", `{"name"`, `{"name":`, `{"name":"a"`, `{"name":"a",}`, `{"name":"a"}x`, `{,}`, `[]`,
		`{"name":"a\n"}`, `{"name":"a\"}`, "{\"name\":\"\xff\"}", "{\"name\":\"\n\"}", `{"Name":"a"}`, `{"name":null}`, `{"name":1}`,
		`{"size":"1"}`, `{"size":01}`, `{"size":-1}`, `{"size":1.0}`, `{"size":1e3}`, `{"size":1000000000000000000}`, `{"size":{}}`,
		`{"other":1}`} {
		if got, ok := fields([]byte(data)); ok {
			t.Errorf("%s: %+v", data, got)
		}
	}
}

// FuzzFields: what Fields reads, encoding/json reads alike.
func FuzzFields(f *testing.F) {
	for _, data := range []string{`{"name":"a","type":"b","size":1}`, `{ "size" : 12 }`, `{"name":"é"}`, `{"a":1}`, `{"size":1} `, `{"size":00}`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := fields(data)
		if !ok {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		var want members
		if err := decoder.Decode(&want); err != nil || got != want {
			t.Errorf("%q: %+v, encoding/json has %+v, %v", data, got, want, err)
		}
	})
}
