package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type connectionStringCmd struct {
	Data string `default:"./data" help:"The data folder." placeholder:"DIR"`
	Name string `name:"name" help:"The account, where the folder has several. Default: the first."`
	URL  string `name:"url" help:"The endpoint, where it is not the one that the folder was last served under: http://HOST:PORT."`
}

// Run prints the connection string of a data folder's account. It is a secret: it holds the key.
func (c connectionStringCmd) Run(std streams) error {
	accounts, err := loadAccounts(c.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no account yet: start 'valetkey serve' or 'valetkey storage' with it first", c.Data)
	}
	if err != nil {
		return err
	}
	account := accounts[0]
	if c.Name != "" {
		i := indexOfAccount(accounts, c.Name)
		if i < 0 {
			return fmt.Errorf("%s has no account %s", c.Data, c.Name)
		}
		account = accounts[i]
	}
	base := strings.TrimSuffix(c.URL, "/")
	if base == "" {
		if base, err = lastEndpoint(c.Data); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(std.out, connectionString(account.name, account.keys[0], base+"/"+account.name))
	return err
}

func indexOfAccount(accounts []storageAccount, name string) int {
	for i, a := range accounts {
		if a.name == name {
			return i
		}
	}
	return -1
}

// lastEndpoint is the scheme, host and port that a data folder was last served under.
func lastEndpoint(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, endpointFile))
	if err != nil {
		return "", fmt.Errorf("where the folder is served is not known; say it with --url (%w)", err)
	}
	url := strings.TrimSpace(string(text))
	if i := strings.LastIndexByte(url, '/'); i > len("https://") {
		url = url[:i]
	}
	return url, nil
}

// connectionString names an account by its Blob endpoint, which is path-style.
func connectionString(account, key, blobEndpoint string) string {
	scheme, _, _ := strings.Cut(blobEndpoint, "://")
	return "DefaultEndpointsProtocol=" + scheme + ";AccountName=" + account + ";AccountKey=" + key + ";BlobEndpoint=" + blobEndpoint + ";"
}
