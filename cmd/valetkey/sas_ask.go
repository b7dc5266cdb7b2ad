package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// onTerminal reports whether somebody sits at a terminal to be asked.
func onTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// ask fills in what flags did not say. Questions go to stderr, so that stdout holds the SAS alone. Secrets are not asked
// for: they come from the environment.
func (c *sasNewCmd) ask(std streams) error {
	in := bufio.NewReader(std.in)
	question := func(text, fallback string) (string, error) {
		if fallback != "" {
			text += " [" + fallback + "]"
		}
		fmt.Fprint(std.err, text+": ")
		answer, err := in.ReadString('\n')
		if err != nil && answer == "" {
			return "", fmt.Errorf("no answer: %w", err)
		}
		if answer = strings.TrimSpace(answer); answer == "" {
			answer = fallback
		}
		return answer, nil
	}
	var life, protocol string
	for _, q := range []struct {
		text, fallback string
		answer         *string
		skip           func() bool
	}{
		{"Kind (service, user-delegation, account)", c.Kind, &c.Kind, nil},
		{"Account", c.accountName(), &c.Account, nil},
		{"Container", "", &c.Container, func() bool { return c.Kind == "account" }},
		{"Blob (empty for the whole container)", "", &c.Blob, func() bool { return c.Kind == "account" }},
		{"Levels: s service, c containers, o blobs", "o", &c.ResourceTypes, func() bool { return c.Kind != "account" }},
		{"For which operation, such as Put Block (empty for several)", c.Op, &c.Op, nil},
		{"Permissions: r read, c create, w write, d delete, l list, … (empty for what the operation needs, else r)", "", &c.Permissions, nil},
		{"Good for how long", c.ExpiresIn.String(), &life, nil},
		{"Over https only, or any", c.Protocol, &protocol, nil},
		{"Only from which IPv4 address or range (empty for any)", "", &c.IP, nil},
	} {
		if q.skip != nil && q.skip() {
			continue
		}
		answer, err := question(q.text, q.fallback)
		if err != nil {
			return err
		}
		*q.answer = answer
		if q.answer == &c.Account && c.Kind != "user-delegation" {
			if _, _, err := c.signingKey(); err != nil {
				return err // rather than after all the other questions
			}
		}
		if q.answer == &c.Op {
			if _, err := operation(c.Op); err != nil {
				return err
			}
		}
	}
	var err error
	if c.ExpiresIn, err = time.ParseDuration(life); err != nil {
		return fmt.Errorf("%q is no length of time such as 90m or 2h", life)
	}
	switch c.Protocol = protocol; {
	case c.Kind != "service" && c.Kind != "user-delegation" && c.Kind != "account":
		return fmt.Errorf("%q is no kind of SAS", c.Kind)
	case protocol != "https" && protocol != "any":
		return fmt.Errorf("%q is neither https nor any", protocol)
	case c.untold():
		return fmt.Errorf("a %s SAS needs a container", c.Kind)
	}
	return nil
}

// accountName is the account that is known without asking.
func (c *sasNewCmd) accountName() string {
	if c.Account != "" {
		return c.Account
	}
	conn, _, _ := c.connection()
	return conn.Account
}
