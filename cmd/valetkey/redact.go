package main

import "regexp"

// secrets are what a message may quote of a command line that was mistyped: the value of a sig parameter, however often it
// was URL-encoded, a key's base64, and the key of a connection string.
var secrets = regexp.MustCompile(`(?i)(sig(?:=|%(?:25)*3d|\\u003d))[^&\s"'<>]+|(accountkey=)[^;\s"']+|[a-z0-9+/_-]{40,}={1,2}`)

// redact takes signatures and keys out of a message.
func redact(message string) string { return secrets.ReplaceAllString(message, "$1$2…") }
