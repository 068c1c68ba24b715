package main

import (
	"fmt"
	"time"

	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/fsm"
	"github.com/leased-io/leased/lease"
	"github.com/leased-io/leased/test/jepsen-lite/mutants"
)

// sharedSchedules is how many tables of tenants are played at most: they differ in amounts alone.
const sharedSchedules = 5

// shared plays tenants that divide an account, for invariants, and for an oracle that knows what is
// fair: who may be granted what is no matter of safety, so that no other judge sees it.
func shared(_ string, seed uint64, schedules int) ([]mutants.Catch, error) {
	judges := newPanel(mutants.Invariants, mutants.Oracle)
	for s := seed; s < seed+uint64(min(schedules, sharedSchedules)); s++ {
		p := newParty(budget.Credits(1000 + 100*s))
		p.play()
		judges.hear(s, word{"TenantsWhole", p.broken}, word{"unfair", p.unfair})
	}
	return judges.catches, nil
}

// party is a state with sessions of tenants on one limit, and what was wrong first.
type party struct {
	state          *fsm.State
	amount         budget.Credits
	index          uint64
	seq            [numGuests + 1]uint64
	broken, unfair string
}

// The sessions of a party.
const (
	light = 1 + iota // weighs 1
	heavy            // weighs 3
	owner            // has a guarantee of 20 percent
	eager            // is light, with a high priority, for which 10 percent are reserved
	numGuests
)

const partyPer = 10 * time.Second

func newParty(amount budget.Credits) *party {
	p := &party{state: fsm.New(nil), amount: amount}
	p.index++
	p.state.Apply(p.index, 1, fsm.Entry{Open: true})
	b := budget.Budget{Name: "b", Limits: []budget.Limit{{Metric: "m", Amount: amount, Per: partyPer}},
		Sharing: &budget.Sharing{By: "team", Reserved: 10,
			Weights:    []budget.Portion{{Tenant: "heavy", N: 3}},
			Guaranteed: []budget.Portion{{Tenant: "owner", N: 20}}}}
	commands := []fsm.Command{{PutBudget: &fsm.PutBudget{Budget: b.Canonical()}}}
	for _, team := range []string{"light", "heavy", "owner", "light"} {
		c := &fsm.OpenSession{Budget: "b", Labels: budget.Labels{{Name: "team", Value: team}}}
		if len(commands) == eager {
			c.Priority = budget.PriorityHigh
		}
		commands = append(commands, fsm.Command{OpenSession: c})
	}
	p.apply(0, commands...)
	return p
}

func (p *party) apply(at time.Duration, commands ...fsm.Command) []fsm.Result {
	p.index++
	got := p.state.Apply(p.index, 1,
		fsm.Entry{Epoch: 1, Stamp: budget.Instant(at), Commands: commands})
	if err := fsm.Check(p.state); err != nil && p.broken == "" {
		p.broken = err.Error()
	}
	return got
}

// take asks for all that there is, again and again, and returns what it got.
func (p *party) take(
	at time.Duration, session lease.SessionID,
) (sum budget.Credits, last lease.Grant) {
	for range 200 {
		p.seq[session]++
		got := p.apply(at, fsm.Command{Acquire: &lease.Request{Session: session,
			Seq: p.seq[session], Revision: 1, Asks: []lease.Ask{{Need: 1, Want: p.amount}}}})
		if got[0].Code != fsm.CodeDone {
			break
		}
		last = got[0].Grants[0]
		sum += last.Amount
	}
	return sum, last
}

// play has all ask in a window, so that it is known what they want; and then one after the other,
// the one that has the least claim first, at the beginning and at the end of the next.
func (p *party) play() {
	for _, session := range []lease.SessionID{light, heavy, owner} {
		p.take(0, session)
	}
	// Of 90 percent owner gets its 20, which is more than its part, and light a quarter of the rest.
	got, last := p.take(partyPer, light)
	p.want("light", got, 16, 18)
	got, _ = p.take(partyPer, heavy)
	p.want("heavy", got, 51, 53)
	p.apply(partyPer, fsm.Command{Return: &fsm.Return{Session: light, Returns: []lease.Return{
		{Lease: last.Lease, Window: last.Window, Amount: last.Amount}}}})
	late := 2*partyPer - partyPer/50
	p.take(late, light)
	p.take(late, heavy)
	got, _ = p.take(late, owner)
	p.want("owner", got, 20, 20)
	got, _ = p.take(late, eager)
	p.want("eager", got, 10, 10)
}

// want notes it if a tenant did not get from so many to so many percent.
func (p *party) want(tenant string, got budget.Credits, from, to budget.Credits) {
	if (got < p.amount*from/100 || got > p.amount*to/100) && p.unfair == "" {
		p.unfair = fmt.Sprintf("%s got %d of %d, want %d..%d percent", tenant, got, p.amount, from, to)
	}
}
