package timeline

import (
	"path"

	"github.com/leased-io/leased/spec/twin"
	"github.com/leased-io/leased/trace"
)

// builder turns what a Timeline has collected into data.
type builder struct {
	*Timeline
	data
	checked   instant           // where the check ended
	names     map[string]string // of files: short ones where these are not ambiguous
	nodeOf    map[string]int    // by recorder
	processOf map[string]int    // by file
	sessionOf map[uint64]int
	limitOf   map[*limit]int
	accountOf map[*account]int
}

// build makes the page's data. The Timeline takes no more events after it.
func (t *Timeline) build(r *twin.Report) *builder {
	b := &builder{Timeline: t, names: shortNames(t.files),
		nodeOf: map[string]int{}, processOf: map[string]int{}, sessionOf: map[uint64]int{},
		limitOf: map[*limit]int{}, accountOf: map[*account]int{}}
	b.checked = t.axis.end
	if r.Violation != nil { // some processes were read further
		b.checked = t.axis.log
	}
	b.Nodes, b.Led, b.Marks = []nodeData{}, [][6]int64{}, []markData{}
	b.Processes, b.Sessions = []processData{}, [][2]int64{}
	b.Limits, b.Accounts, b.First = []limitData{}, []accountData{}, -1
	broken := b.begin(r.Violation)
	b.settleLeaders(b.checked)
	b.addFiles()
	b.addLeaders()
	b.addMarks()
	b.addAccounts(broken)
	b.addHolders()
	if broken != nil {
		b.Violation = b.finish(broken)
	}
	b.First = b.first(r)
	b.Axis = axisData{Real: t.axis.real, Text: t.axis.text(),
		Checked: b.checked, End: t.axis.end}
	b.LeftOut = t.out
	return b
}

// text says which axis it is.
func (x *axis) text() string {
	if x.real {
		return "Real time since the first event, on the clock that all recorders share (" +
			x.clock + "). An entry of the log stands where its leader proposed it."
	}
	return "Cluster time since the first entry, because the recorders' clocks cannot be compared: " +
		"nodes' events stand at the log's time, so that time without a leader has no width; a " +
		"process's events stand as far after its last accepted lease's grant as its own clock says."
}

// shortNames returns the files' names without directories, where no two are the same so.
func shortNames(files []File) map[string]string {
	times := map[string]int{}
	for _, f := range files {
		times[path.Base(f.Name)]++
	}
	names := map[string]string{}
	for _, f := range files {
		names[f.Name] = f.Name
		if short := path.Base(f.Name); times[short] == 1 {
			names[f.Name] = short
		}
	}
	return names
}

func (b *builder) addFiles() {
	for _, f := range b.files {
		if f.Role == trace.RoleFleet {
			b.processOf[f.Name] = len(b.Processes)
			b.Processes = append(b.Processes, processData{Name: f.Recorder,
				File: b.names[f.Name], Ended: f.Ended, To: b.last(&f)})
			continue
		}
		at, known := b.nodeOf[f.Recorder]
		if !known {
			at = len(b.Nodes)
			b.nodeOf[f.Recorder] = at
			b.Nodes = append(b.Nodes, nodeData{Name: f.Recorder, Lives: [][3]int64{}})
		}
		if n := &b.Nodes[at]; b.axis.real {
			from := max(0, f.First-b.axis.origin) / perMicro
			if from <= b.checked {
				n.Lives = append(n.Lives, [3]int64{from, b.last(&f), bit(f.Ended)})
			}
		}
	}
}

// last is where f ends, if the axis reaches as far.
func (b *builder) last(f *File) instant {
	if !b.axis.real {
		if a, ok := b.axis.anchors[f.Name]; ok {
			return min(b.checked, b.axis.clusterTime(a.t+f.Last-a.at))
		}
		return b.checked
	}
	return min(b.checked, max(0, f.Last-b.axis.origin)/perMicro)
}

func bit(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func (b *builder) addLeaders() {
	for _, l := range b.cluster.led.all() {
		node, open := -1, int64(-1)
		if l.node != "" {
			node = b.nodeOf[l.node]
		}
		if l.opened {
			open = l.open
		}
		b.Led = append(b.Led, [6]int64{int64(node), int64(l.term), l.from, open, l.to,
			bit(l.lost)})
	}
	b.Gaps = b.leaderless()
}

// addMarks adds what happened at an instant, and where files end that have no end line.
func (b *builder) addMarks() {
	for _, m := range b.cluster.marks.all() {
		node, process := b.whose(m.file)
		b.Marks = append(b.Marks, markData{m.at, string(m.kind), node, process, m.text})
	}
	for i := range b.files {
		f := &b.files[i]
		at := b.last(f)
		// Where the axis ends before the file, what came then is not shown.
		if f.Ended || b.axis.real && (f.Last-b.axis.origin)/perMicro > b.checked {
			continue
		}
		node, process := b.whose(f.Name)
		text := b.names[f.Name] + " ends without an end line: its process died"
		if f.Torn {
			text += " while writing"
		}
		b.Marks = append(b.Marks, markData{at, "crash", node, process, text})
	}
}

// whose returns the node or the process that wrote a file; -1 where it is none.
func (b *builder) whose(file string) (node, process int) {
	node, process = -1, -1
	if f := b.file(file); f != nil && f.Role == trace.RoleFleet {
		process = b.processOf[file]
	} else if f != nil {
		node = b.nodeOf[f.Recorder]
	}
	return node, process
}
