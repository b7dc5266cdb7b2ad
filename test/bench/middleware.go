package main

import (
	"errors"
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// middleware is what Valetkey replaces: an upload handler that takes a multipart form and writes its file to storage.
func middleware(connectionString string) (http.Handler, error) {
	client, err := azblob.NewClientFromConnectionString(connectionString, nil)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if err := pass(r, client); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}), nil
}

func pass(r *http.Request, client *azblob.Client) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := client.UploadStream(r.Context(), "images", part.FileName(), part, nil); err != nil {
			return err
		}
	}
}
