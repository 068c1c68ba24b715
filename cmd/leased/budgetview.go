package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/client"
)

// budgetView is how a budget is printed as JSON. Periods are as in budget files.
type budgetView struct {
	Name     string      `json:"name"`
	Keyed    bool        `json:"keyed"`
	Key      string      `json:"key,omitempty"` // the template, of several labels
	Parent   string      `json:"parent,omitempty"`
	Revision uint64      `json:"revision"`
	Limits   []limitView `json:"limits"`
	// Weights are of costs, by metric.
	Weights map[string]map[string]int64 `json:"weights,omitempty"`
	// Above are the budgets above, its parent first, with the accounts that are drawn on.
	Above []budgetView `json:"above,omitempty"`
	// The rules, each named also where it is the default.
	Mode      string   `json:"mode"`
	Degraded  string   `json:"degraded"`
	Share     int64    `json:"share,omitempty"` // of degraded "share"
	Unlimited []string `json:"unlimited,omitempty"`
	// Overrides are what set-limit has set; in a list of budgets without those of keys.
	Overrides []overrideView `json:"overrides,omitempty"`
	// Sharing is how tenants divide the accounts, as the budget says it.
	Sharing *budget.Sharing `json:"sharing,omitempty"`
}

type limitView struct {
	Metric    string         `json:"metric"`
	Kind      budget.Kind    `json:"kind"`
	Amount    budget.Credits `json:"amount"`
	Per       string         `json:"per"`
	Slots     int            `json:"slots,omitempty"` // of kind sliding
	Burst     budget.Credits `json:"burst,omitempty"` // of kind bucket
	Align     budget.Align   `json:"align,omitempty"` // and Zone and Began, of limits that follow the
	Zone      string         `json:"zone,omitempty"`  // calendar
	Began     string         `json:"began,omitempty"`
	Window    budget.Window  `json:"window"`
	Used      budget.Credits `json:"used"` // of the account that was asked for
	Left      budget.Credits `json:"left"` // of the same
	EndsInMS  int64          `json:"ends_in_ms"`
	OpensInMS int64          `json:"opens_in_ms"`
}

func viewOf(b client.BudgetStatus) budgetView {
	rules := b.Budget.Rules
	view := budgetView{Name: b.Budget.Name, Keyed: b.Budget.Keyed, Revision: b.Revision,
		Key: b.Budget.Template, Parent: b.Budget.Parent, Weights: weightViews(b.Budget.Weights),
		Limits: []limitView{}, Mode: rules.Mode.String(), Degraded: rules.Degraded.String(),
		Share: rules.Share, Unlimited: rules.Unlimited, Overrides: viewOfOverrides(b),
		Sharing: b.Budget.Sharing}
	for _, u := range b.Limits {
		view.Limits = append(view.Limits, limitView{
			Metric: u.Limit.Metric, Kind: u.Limit.Kind, Amount: u.Limit.Amount,
			Per: budget.FormatPer(u.Limit.Per), Slots: u.Limit.Slots, Burst: u.Limit.Burst,
			Align: u.Limit.Align, Zone: u.Limit.Zone, Began: beganAt(u),
			Window: u.Window, Used: u.Used, Left: u.Left,
			EndsInMS: u.EndsIn.Milliseconds(), OpensInMS: u.OpensIn.Milliseconds(),
		})
	}
	return view
}

// printLine writes a budget, and those above it, with their accounts, if it is known which.
func (f format) printLine(out io.Writer, line []client.BudgetStatus, known bool) error {
	if f == formatJSON {
		view := viewOf(line[0])
		for _, up := range line[1:] {
			view.Above = append(view.Above, viewOf(up))
		}
		return printJSON(out, view)
	}
	rows := budgetHeader()
	for _, b := range line {
		rows = append(rows, budgetRows(b, !b.Budget.Keyed || known)...)
	}
	if err := printTable(out, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "revision %d\n", line[0].Revision); err != nil {
		return err
	}
	for _, told := range append(rulesTold(line[0].Budget), sharingTold(line[0].Budget.Sharing)...) {
		if _, err := fmt.Fprintln(out, told); err != nil {
			return err
		}
	}
	if set := overrideRows(line...); set != nil {
		if err := printTable(out, set); err != nil {
			return err
		}
	}
	return printRelations(out, line)
}

// printBudgets writes all budgets. What is used of a keyed one depends on the key, and is
// left out.
func (f format) printBudgets(out io.Writer, budgets []client.BudgetStatus) error {
	views := make([]budgetView, len(budgets))
	rows := budgetHeader()
	for i, b := range budgets {
		views[i] = viewOf(b)
		rows = append(rows, budgetRows(b, !b.Budget.Keyed)...)
	}
	switch {
	case f == formatJSON:
		return printJSON(out, views)
	case len(budgets) == 0:
		_, err := fmt.Fprintln(out, "no budgets: 'leased budget apply -f FILE' creates some")
		return err
	}
	if err := printTable(out, rows); err != nil {
		return err
	}
	if set := overrideRows(budgets...); set != nil {
		if err := printTable(out, set); err != nil {
			return err
		}
	}
	return printRelations(out, budgets)
}

func budgetHeader() [][]string {
	return [][]string{{"BUDGET", "METRIC", "KIND", "AMOUNT", "PER", "USED", "LEFT", "FULL IN"}}
}

// budgetRows is a table row per limit.
func budgetRows(b client.BudgetStatus, withUsed bool) [][]string {
	rows := make([][]string, len(b.Limits))
	for i, u := range b.Limits {
		used, left := "(by key)", "(by key)"
		if withUsed {
			used, left = strconv.FormatInt(int64(u.Used), 10), strconv.FormatInt(int64(u.Left), 10)
		}
		rows[i] = []string{
			b.Budget.Name, u.Limit.Metric, kindOf(u.Limit),
			strconv.FormatInt(int64(u.Limit.Amount), 10), budget.FormatPer(u.Limit.Per), used, left,
			fullIn(u, withUsed),
		}
	}
	for _, metric := range b.Budget.Unlimited {
		rows = append(rows, []string{b.Budget.Name, metric, "unlimited", "-", "-", "-", "-", "-"})
	}
	return rows
}

// rulesTold is a line for each rule of a budget that is not the default.
func rulesTold(b budget.Budget) (lines []string) {
	switch b.Mode {
	case budget.ModeShadow:
		lines = append(lines, "mode shadow: everything is admitted; limiters count what would not be")
	case budget.ModeStrict:
		lines = append(lines, "mode strict: every admission is asked of the coordinator")
	}
	switch b.Degraded {
	case budget.DegradedOpen:
		lines = append(lines, "degraded open: limiters admit everything while there is no leader to ask")
	case budget.DegradedShare:
		for _, l := range b.Limits {
			extra, _ := b.Extra(l)
			span := "per " + budget.FormatPer(l.Per)
			if l.Kind == budget.KindSlots {
				span = "at a time"
			}
			lines = append(lines, fmt.Sprintf("degraded share %d: while there is no leader to ask, each "+
				"limiter admits up to %d %s %s by itself", b.Share, extra, l.Metric, span))
		}
	}
	return lines
}

// fullIn tells when all of a limit is there again: of a bucket perhaps later than when the leases
// that are out end, and nobody knows before. Of slots nobody ever knows. Of a keyed window limit it
// is where its window ends.
func fullIn(u client.LimitUsage, known bool) string {
	text := max(0, u.OpensIn).Round(time.Millisecond).String()
	switch {
	case u.Limit.Kind != budget.KindWindow && !known:
		return "(by key)"
	case !known:
		return text
	case u.Left == u.Limit.Bound():
		return "now"
	case u.Limit.Kind == budget.KindSlots:
		return "on release" // heartbeats keep what is in use
	case u.Limit.Kind == budget.KindBucket && u.OpensIn == u.EndsIn:
		return "> " + text
	}
	return text
}

// kindOf tells a limit's kind with what belongs to it alone.
func kindOf(l budget.Limit) string {
	switch l.Kind {
	case budget.KindWindow:
		if l.Align != "" {
			return fmt.Sprintf("%s of %s", l.Align, l.Zone)
		}
		return string(l.Kind)
	case budget.KindSliding:
		return fmt.Sprintf("sliding, %d slots", l.Slots)
	case budget.KindBucket:
		return fmt.Sprintf("bucket of %d", l.Burst)
	default:
		return string(l.Kind)
	}
}
