package blobserver

import "time"

// Limits are what the service takes at most. A zero field means its default, which is Azure's where Azure has one
// ("Scalability and performance targets for Blob storage", and the page of each operation).
type Limits struct {
	PutBlobBytes       int64         // body of one Put Blob; 5,000 MiB
	BlockBytes         int64         // body of one Put Block; 4,000 MiB
	CommittedBlocks    int           // blocks in one Put Block List; 50,000
	BlockListBytes     int64         // XML of one Put Block List; 8 MiB, which is 50,000 of the longest ids
	XMLBytes           int64         // XML of any other request; 64 KiB
	BatchBytes         int64         // body of one Blob Batch; 4 MiB
	BatchRequests      int           // requests in one Blob Batch; 256
	BlobNameChars      int           // characters of a blob's name; 1,024
	MetadataBytes      int           // names and values of one resource's metadata together; 8 KiB
	Tags               int           // tags of one blob; 10
	AccessPolicies     int           // stored access policies of a container; 5
	CORSRules          int           // CORS rules of an account; 5
	ListResults        int           // entries on a page of a list; 5,000
	RangeChecksumBytes int64         // range of a Get Blob that asks for its MD5 or CRC-64; 4 MiB
	CopySourceBytes    int64         // Copy Blob From URL and Put Blob From URL, from elsewhere; 5,000 MiB
	CopyTime           time.Duration // fetching a copy's source from elsewhere; 10 minutes
	ReadStall          time.Duration // a client that sends less than ReadPieceBytes of a body; 30 seconds
	ReadPieceBytes     int64         // bytes of a body that a client must send in each ReadStall; 16 KiB
	WriteStall         time.Duration // a client that takes less than 512 KiB of an answer; 30 seconds
	ClockSkew          time.Duration // age of a Shared Key request; 15 minutes
}

// withDefaults fills every zero field.
func (l Limits) withDefaults() Limits {
	orDefault(&l.PutBlobBytes, 5000<<20)
	orDefault(&l.BlockBytes, 4000<<20)
	orDefault(&l.CommittedBlocks, 50_000)
	orDefault(&l.BlockListBytes, 8<<20)
	orDefault(&l.XMLBytes, 64<<10)
	orDefault(&l.BatchBytes, 4<<20)
	orDefault(&l.BatchRequests, 256)
	orDefault(&l.BlobNameChars, 1024)
	orDefault(&l.MetadataBytes, 8<<10)
	orDefault(&l.Tags, 10)
	orDefault(&l.AccessPolicies, 5)
	orDefault(&l.CORSRules, 5)
	orDefault(&l.ListResults, 5000)
	orDefault(&l.RangeChecksumBytes, 4<<20)
	orDefault(&l.CopySourceBytes, 5000<<20)
	orDefault(&l.CopyTime, 10*time.Minute)
	orDefault(&l.ReadStall, 30*time.Second)
	orDefault(&l.ReadPieceBytes, 16<<10)
	orDefault(&l.WriteStall, 30*time.Second)
	orDefault(&l.ClockSkew, 15*time.Minute)
	return l
}

func orDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
