package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/blobserver"
)

// The account of Azurite and of the Azure Storage Emulator, which UseDevelopmentStorage=true stands for. Its key is in
// everybody's hands: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
const (
	devAccountName = "devstoreaccount1"
	devAccountKey  = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// ownAccountName is the account that a new data folder gets.
const ownAccountName = "valetkey"

// keyFile is where a data folder keeps its accounts, a NAME:KEY[:KEY2] a line, for nobody else to read.
const keyFile = "account.key"

// storageAccount is an account as the command line, the environment and the key file write it.
type storageAccount struct {
	name string
	keys []string // base64, one or two
}

// UnmarshalText reads NAME:KEY[:KEY2].
func (a *storageAccount) UnmarshalText(text []byte) error {
	name, rest, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
	keys := strings.Split(rest, ":")
	if _, err := blobserver.ParseAccount(name, keys...); err != nil {
		return fmt.Errorf("%w (write NAME:KEY or NAME:KEY:KEY2)", err)
	}
	a.name, a.keys = name, keys
	return nil
}

// blobAccounts turns accounts into those of the Blob service.
func blobAccounts(accounts []storageAccount) ([]blobserver.Account, error) {
	var out []blobserver.Account
	for _, a := range accounts {
		account, err := blobserver.ParseAccount(a.name, a.keys...)
		if err != nil {
			return nil, err
		}
		out = append(out, account)
	}
	return out, nil
}

// newAccount makes the account of a new data folder, with a random key of 64 bytes as Azure's have.
func newAccount() storageAccount {
	key := make([]byte, 64)
	_, _ = rand.Read(key) // never fails: crypto/rand crashes the program instead
	return storageAccount{ownAccountName, []string{base64.StdEncoding.EncodeToString(key)}}
}

// loadAccounts reads the accounts of a data folder; the error matches fs.ErrNotExist when it has none yet.
func loadAccounts(dir string) ([]storageAccount, error) {
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var accounts []storageAccount
	for n, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var a storageAccount
		if err := a.UnmarshalText([]byte(line)); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n+1, err)
		}
		accounts = append(accounts, a)
	}
	if len(accounts) == 0 {
		return nil, fmt.Errorf("%s names no account", path)
	}
	return accounts, nil
}

// ensureAccounts reads the accounts of a data folder and gives a new one an account with a random key.
func ensureAccounts(dir string) ([]storageAccount, error) {
	accounts, err := loadAccounts(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return accounts, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := newAccount()
	line := a.name + ":" + strings.Join(a.keys, ":") + "\n"
	if err := writeSecret(filepath.Join(dir, keyFile), line); err != nil {
		return nil, err
	}
	return loadAccounts(dir)
}

// writeSecret writes a file of mode 0600 that is either wholly there or not, and leaves one alone that another process
// has just written.
func writeSecret(path, text string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
