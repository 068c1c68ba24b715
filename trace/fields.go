package trace

// field is one column of the schema: its name in JSON and where it lives in an Event. Exactly
// one accessor is set. The table serves the encoder and the decoder, so they cannot disagree;
// a test holds it against Event's own tags.
type field struct {
	name   string
	i64    func(*Event) *int64
	u64    func(*Event) *uint64
	number func(*Event) *int
	text   func(*Event) *string
	flag   func(*Event) *bool
}

// fields are in the order of Event, which is the order of a canonical line. Kind and At come
// before them in every line.
var fields = [...]field{
	{name: "version", number: func(e *Event) *int { return &e.Version }},
	{name: "run", text: func(e *Event) *string { return &e.Run }},
	{name: "recorder", text: func(e *Event) *string { return &e.Recorder }},
	{name: "role", text: func(e *Event) *string { return &e.Role }},
	{name: "clock", text: func(e *Event) *string { return &e.Clock }},
	{name: "drift_ppm", i64: func(e *Event) *int64 { return &e.DriftPPM }},
	{name: "index", u64: func(e *Event) *uint64 { return &e.Index }},
	{name: "term", u64: func(e *Event) *uint64 { return &e.Term }},
	{name: "epoch", u64: func(e *Event) *uint64 { return &e.Epoch }},
	{name: "stamp", i64: func(e *Event) *int64 { return &e.Stamp }},
	{name: "t", i64: func(e *Event) *int64 { return &e.T }},
	{name: "hash", text: func(e *Event) *string { return &e.Hash }},
	{name: "ok", flag: func(e *Event) *bool { return &e.OK }},
	{name: "voters", text: func(e *Event) *string { return &e.Voters }},
	{name: "budget", text: func(e *Event) *string { return &e.Budget }},
	{name: "metric", text: func(e *Event) *string { return &e.Metric }},
	{name: "per", i64: func(e *Event) *int64 { return &e.Per }},
	{name: "shape", text: func(e *Event) *string { return &e.Shape }},
	{name: "slots", i64: func(e *Event) *int64 { return &e.Slots }},
	{name: "burst", i64: func(e *Event) *int64 { return &e.Burst }},
	{name: "span", i64: func(e *Event) *int64 { return &e.Span }},
	{name: "shares", flag: func(e *Event) *bool { return &e.Shares }},
	{name: "limit", u64: func(e *Event) *uint64 { return &e.Limit }},
	{name: "key", text: func(e *Event) *string { return &e.Key }},
	{name: "window", i64: func(e *Event) *int64 { return &e.Window }},
	{name: "amount", i64: func(e *Event) *int64 { return &e.Amount }},
	{name: "until", i64: func(e *Event) *int64 { return &e.Until }},
	{name: "template", text: func(e *Event) *string { return &e.Template }},
	{name: "parent", text: func(e *Event) *string { return &e.Parent }},
	{name: "labels", text: func(e *Event) *string { return &e.Labels }},
	{name: "weights", text: func(e *Event) *string { return &e.Weights }},
	{name: "lapse", i64: func(e *Event) *int64 { return &e.Lapse }},
	{name: "session", u64: func(e *Event) *uint64 { return &e.Session }},
	{name: "seq", u64: func(e *Event) *uint64 { return &e.Seq }},
	{name: "attempt", u64: func(e *Event) *uint64 { return &e.Attempt }},
	{name: "lease", u64: func(e *Event) *uint64 { return &e.Lease }},
	{name: "ttl", i64: func(e *Event) *int64 { return &e.TTL }},
	{name: "life", i64: func(e *Event) *int64 { return &e.Life }},
	{name: "from", u64: func(e *Event) *uint64 { return &e.From }},
	{name: "kept", i64: func(e *Event) *int64 { return &e.Kept }},
	{name: "n", i64: func(e *Event) *int64 { return &e.N }},
	{name: "count", i64: func(e *Event) *int64 { return &e.Count }},
	{name: "first", i64: func(e *Event) *int64 { return &e.First }},
	{name: "last", i64: func(e *Event) *int64 { return &e.Last }},
	{name: "align", text: func(e *Event) *string { return &e.Align }},
	{name: "zone", text: func(e *Event) *string { return &e.Zone }},
	{name: "data", text: func(e *Event) *string { return &e.Data }},
	{name: "off", i64: func(e *Event) *int64 { return &e.Off }},
	{name: "by", i64: func(e *Event) *int64 { return &e.By }},
}

// numKinds is more than there are kinds.
const numKinds = 64

// known is a kind of the schema and its number in the table.
type known struct {
	kind   Kind
	number uint8
}

// kinds maps the text of every kind of the schema to its constant, so that decoding one
// allocates nothing and an unknown one is noticed.
var kinds = func() map[string]known {
	m := make(map[string]known)
	for i, k := range [...]Kind{
		KindHeader, KindGap, KindEnd,
		KindLeader, KindPropose, KindRestore, KindMembers,
		KindEntry, KindEpoch, KindState, KindLimit, KindBudget, KindRoll, KindSession, KindSessionEnd,
		KindGrant, KindReplay, KindDeny, KindReturn, KindTakeOver,
		KindLeap, KindSlow, KindZone,
		KindSend, KindAccept, KindDrop, KindAdmit, KindGiveUp, KindRelease, KindExpire,
		KindFailOpen, KindShadow,
	} {
		m[string(k)] = known{k, uint8(i)}
	}
	return m
}()
