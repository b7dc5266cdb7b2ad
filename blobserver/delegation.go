package blobserver

import (
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/sas"
)

// maxDelegationLife is how far from now a user delegation key may start and end ("Get User Delegation Key").
const maxDelegationLife = 7 * 24 * time.Hour

// delegationKey derives the value of a user delegation key from an account key and from all that describes it, so that
// none has to be kept: a SAS carries the description. Rotating an account's key away revokes them.
func delegationKey(accountKey sas.Key, account string, d sas.DelegationKey) sas.Key {
	return sas.NewKey(delegationSecret(accountKey, account, d))
}

func delegationSecret(accountKey sas.Key, account string, d sas.DelegationKey) []byte {
	text := strings.Join([]string{"user delegation key", account, d.ObjectID, d.TenantID, utc(d.Start), utc(d.Expiry), d.Service, d.Version, d.DelegatedTenantID}, "\n")
	return accountKey.AppendHMAC(nil, []byte(text))
}

func utc(t sas.Time) string { return t.Time().UTC().Format(time.RFC3339Nano) }

// verifyBearer checks a bearer token, which must not travel in the clear.
func (s *Server) verifyBearer(r *request, token string) (Principal, error) {
	if s.tokens == nil {
		return Principal{}, bloberror.New(bloberror.InvalidAuthenticationInfo, bloberror.WithStatus(http.StatusUnauthorized),
			bloberror.WithDetail("AuthenticationErrorDetail", "This service takes no bearer tokens."))
	}
	if r.TLS == nil && !remoteIP(r.RemoteAddr).IsLoopback() {
		return Principal{}, bloberror.New(bloberror.InvalidAuthenticationInfo, bloberror.WithStatus(http.StatusUnauthorized),
			bloberror.WithDetail("AuthenticationErrorDetail", "Bearer tokens are taken over HTTPS only."))
	}
	principal, err := s.tokens.VerifyToken(r.Context(), token)
	if err != nil {
		return Principal{}, bloberror.New(bloberror.InvalidAuthenticationInfo, bloberror.WithStatus(http.StatusUnauthorized),
			bloberror.WithDetail("AuthenticationErrorDetail", "The bearer token is not valid."), bloberror.WithCause(err))
	}
	return principal, nil
}

// keyInfo is the body of Get User Delegation Key.
type keyInfo struct {
	Start           string `xml:"Start"`
	Expiry          string `xml:"Expiry"`
	DelegatedTenant string `xml:"DelegatedUserTid"`
}

// getUserDelegationKey issues a key to whoever a bearer token names. No other authorization can ask for one.
func (s *Server) getUserDelegationKey(w http.ResponseWriter, r *request) error {
	if r.grant.kind != authBearer {
		return bloberror.New(bloberror.AuthenticationFailed, bloberror.WithDetail("AuthenticationErrorDetail",
			"Only a bearer token can ask for a user delegation key."))
	}
	var body keyInfo
	if err := r.readXML(w, s.limits.XMLBytes, &body); err != nil {
		return err
	}
	d, err := r.describeKey(&body)
	if err != nil {
		return err
	}
	account, err := s.account(r)
	if err != nil {
		return err
	}
	value := base64.StdEncoding.EncodeToString(delegationSecret(account.Keys[0], account.Name, d))
	b := append([]byte(nil), xmlDeclaration+"<UserDelegationKey>"...)
	b = appendElement(b, "SignedOid", d.ObjectID)
	b = appendElement(b, "SignedTid", d.TenantID)
	b = appendElement(b, "SignedStart", d.Start.String())
	b = appendElement(b, "SignedExpiry", d.Expiry.String())
	b = appendElement(b, "SignedService", d.Service)
	b = appendElement(b, "SignedVersion", d.Version)
	b = appendOptional(b, "SignedDelegatedUserTid", d.DelegatedTenantID)
	b = appendElement(b, "Value", value)
	return writeXML(w, r, append(b, "</UserDelegationKey>"...))
}

func (r *request) describeKey(body *keyInfo) (d sas.DelegationKey, err error) {
	start := sas.TimeOf(r.now)
	if body.Start != "" {
		if start, err = sas.ParseTime(body.Start); err != nil {
			return d, invalidNode("Start", body.Start)
		}
	}
	if ahead := start.Time().Sub(r.now); ahead > maxDelegationLife || ahead < -maxDelegationLife {
		return d, invalidNode("Start", body.Start)
	}
	expiry, err := sas.ParseTime(body.Expiry)
	if err != nil {
		return d, invalidNode("Expiry", body.Expiry)
	}
	life := expiry.Time().Sub(r.now)
	if life <= 0 || life > maxDelegationLife || !start.Time().Before(expiry.Time()) {
		return d, invalidNode("Expiry", body.Expiry)
	}
	if r.grant.principal.ObjectID == "" || r.grant.principal.TenantID == "" {
		return d, bloberror.New(bloberror.AuthenticationFailed, bloberror.WithCause(errors.New("the token has no oid or no tid")))
	}
	if body.DelegatedTenant != "" && !guid.MatchString(body.DelegatedTenant) {
		return d, invalidNode("DelegatedUserTid", body.DelegatedTenant) // a SAS of such a key would be refused
	}
	version := r.Header.Get("x-ms-version")
	if version == "" || version > NewestVersion {
		version = NewestVersion
	}
	return sas.DelegationKey{
		ObjectID: r.grant.principal.ObjectID, TenantID: r.grant.principal.TenantID,
		Start: start, Expiry: expiry, Service: "b", Version: version, DelegatedTenantID: body.DelegatedTenant,
	}, nil
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func invalidNode(name, value string) error {
	return bloberror.New(bloberror.InvalidXMLNodeValue, bloberror.WithDetail("XmlNodeName", name), bloberror.WithDetail("XmlNodeValue", value))
}
