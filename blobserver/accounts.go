package blobserver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/valetkey/valetkey/sas"
)

// Account is a storage account: its name and its one or two keys.
type Account struct {
	Name string
	Keys []sas.Key // one or two; either signs
}

// Accounts are the accounts that a service serves. They can be changed while it runs, which is how a key is rotated:
// put the new key in the second place, let clients move over, then drop the first.
type Accounts struct {
	byName atomic.Pointer[map[string]Account]
}

// NewAccounts checks accounts and returns them as a set.
func NewAccounts(accounts ...Account) (*Accounts, error) {
	var a Accounts
	if err := a.Replace(accounts...); err != nil {
		return nil, err
	}
	return &a, nil
}

// Replace puts other accounts in place of all there were. Requests that are under way end with the keys they began with.
func (a *Accounts) Replace(accounts ...Account) error {
	byName := make(map[string]Account, len(accounts))
	for _, account := range accounts {
		if err := account.check(); err != nil {
			return err
		}
		if _, dup := byName[account.Name]; dup {
			return fmt.Errorf("account %s is given twice", account.Name)
		}
		byName[account.Name] = account
	}
	if len(byName) == 0 {
		return errors.New("a Blob service needs at least one account")
	}
	a.byName.Store(&byName)
	return nil
}

// Lookup finds an account by its name.
func (a *Accounts) Lookup(name string) (Account, bool) {
	account, ok := (*a.byName.Load())[name]
	return account, ok
}

// Names are the accounts' names in alphabetical order.
func (a *Accounts) Names() []string { return slices.Sorted(maps.Keys(*a.byName.Load())) }

// ParseAccount makes an account of a name and one or two base64 keys.
func ParseAccount(name string, keys ...string) (Account, error) {
	account := Account{Name: name}
	for i, key := range keys {
		parsed, err := sas.ParseKey(key)
		if err != nil {
			return Account{}, fmt.Errorf("key %d of account %s is not base64", i+1, name)
		}
		account.Keys = append(account.Keys, parsed)
	}
	return account, account.check()
}

// check holds an account to Azure's rule for names: 3 to 24 lower-case letters and digits.
func (a Account) check() error {
	if len(a.Name) < 3 || len(a.Name) > 24 {
		return fmt.Errorf("account name %q is not 3 to 24 characters long", a.Name)
	}
	for _, c := range a.Name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return fmt.Errorf("account name %q has other characters than a-z and 0-9", a.Name)
		}
	}
	if len(a.Keys) < 1 || len(a.Keys) > 2 {
		return fmt.Errorf("account %s has %d keys, not one or two", a.Name, len(a.Keys))
	}
	for _, key := range a.Keys {
		if key.IsZero() {
			return fmt.Errorf("account %s has an empty key", a.Name)
		}
	}
	return nil
}
