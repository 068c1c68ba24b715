package timeline

// data is what the page's script draws, as JSON in the page. All instants are microseconds
// since the axis's origin. What there are thousands of is an array of numbers, in the order
// that the comments say; page/data.js gives them their names back.
type data struct {
	Axis      axisData      `json:"axis"`
	Nodes     []nodeData    `json:"nodes"`
	Led       [][6]int64    `json:"led"`  // node (-1: unknown), term, from, open (-1: never), to, lost
	Gaps      [][2]int64    `json:"gaps"` // without a leader that could grant
	Marks     []markData    `json:"marks"`
	Processes []processData `json:"processes"`
	Sessions  [][2]int64    `json:"sessions"` // number, process (-1: none)
	Limits    []limitData   `json:"limits"`
	Accounts  []accountData `json:"accounts"`
	First     int           `json:"first"` // the account that is shown at first; -1: none
	Violation *violation    `json:"violation"`
	LeftOut   LeftOut       `json:"left_out"`
}

type axisData struct {
	Real bool   `json:"real"`
	Text string `json:"text"`
	// Checked is where the log's last checked entry is, if there is a violation, and otherwise
	// the end. Processes may have been read further.
	Checked int64 `json:"checked"`
	End     int64 `json:"end"`
}

type nodeData struct {
	Name string `json:"name"`
	// Lives: from, to, and 1 if the file has an end line. One for each file.
	Lives [][3]int64 `json:"lives"`
}

type markData struct {
	At   int64  `json:"at"`
	Kind string `json:"kind"`
	Node int    `json:"node"`    // -1: none
	Proc int    `json:"process"` // -1: none
	Text string `json:"text"`
}

type processData struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Ended bool   `json:"ended"`
	To    int64  `json:"to"` // its last event
}

type limitData struct {
	Budget string     `json:"budget"`
	Metric string     `json:"metric"`
	Per    int64      `json:"per_us"`
	Bands  [][3]int64 `json:"bands"` // window, from, to
}

type accountData struct {
	Label string `json:"label"`
	Limit int    `json:"limit"` // index in Limits
	Key   string `json:"key"`
	// Windows: window, bound, leases, granted, returned, admitted, unrecorded, and 1 if the
	// check closed its books.
	Windows [][8]int64 `json:"windows"`
	// Leases: number, session (index), window, granted, from, to, amount, admitted, returned,
	// ending, ttl, life, admissions, replays, and then from, to, n of each span.
	Leases [][]int64 `json:"leases"`
	// Cells: session (index), window, from, to, leases, amount, admitted, returned.
	Cells   [][8]int64 `json:"cells"`
	Denials [][3]int64 `json:"denials"` // at, session (index), credits left
	// FailOpens: from, to, session (index), credits, admissions.
	FailOpens [][5]int64 `json:"fail_opens"`
}

// violation is where it broke.
type violation struct {
	Invariant string `json:"invariant"`
	Text      string `json:"text"`
	Rule      string `json:"rule"`
	Meaning   string `json:"meaning"`
	Account   int    `json:"account"` // index; -1: of none that is shown
	Window    int64  `json:"window"`  // -1: of none
	// From and To are what there is to see: the event that broke it, and its window.
	From   int64            `json:"from"`
	To     int64            `json:"to"`
	Events []violationEvent `json:"events"`
	// Excess is the credits that the event that broke it would have added to its window, to
	// what ExcessOf names: "granted" or "admitted".
	Excess   int64  `json:"excess"`
	ExcessOf string `json:"excess_of"`
}

type violationEvent struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Text    string `json:"text"` // the line of the trace
	Kind    string `json:"kind"`
	At      int64  `json:"at"`
	Node    int    `json:"node"`    // -1: none
	Proc    int    `json:"process"` // -1: none
	Session int    `json:"session"` // index; -1: none
	Lease   uint64 `json:"lease"`
}
