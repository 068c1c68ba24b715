package refine

import (
	"fmt"
)

// Action is the name of a step of the model.
type Action string

// The actions, as the specification has them where it has a name for it.
const (
	Tick          Action = "Tick"
	Elect         Action = "Elect"
	Failover      Action = "Failover"
	Open          Action = "Open"
	Propose       Action = "Propose"
	Restore       Action = "Restore"
	Commit        Action = "Commit"
	Roll          Action = "Roll"
	PutLimit      Action = "PutLimit"
	PutBudget     Action = "PutBudget"
	ChangeLimit   Action = "ChangeLimit"
	ChangeKey     Action = "ChangeKey"
	RemoveLimit   Action = "RemoveLimit"
	OpenSession   Action = "OpenSession"
	EndSession    Action = "EndSession"
	TakeOver      Action = "TakeOver"
	Announce      Action = "Announce"
	Leap          Action = "Leap"
	Slow          Action = "Slow"
	TellZone      Action = "TellZone"
	Grant         Action = "Grant"
	Replay        Action = "Replay"
	Deny          Action = "Deny"
	Return        Action = "Return"
	ReturnRefused Action = "ReturnRefused"
	Send          Action = "Send"
	Accept        Action = "Accept"
	Drop          Action = "Drop"
	Admit         Action = "Admit"
	GiveUp        Action = "GiveUp"
	Release       Action = "Release"
	Expire        Action = "Expire"
	FailOpen      Action = "FailOpen"
	Crash         Action = "Crash"
)

// Refusal says why an event is no step that the model allows.
type Refusal struct {
	Action Action // what the event claims to be
	Guard  string // the condition of that action that does not hold, a name of Guards
	Text   string
}

// Error returns the action, the guard and what is wrong.
func (r *Refusal) Error() string { return string(r.Action) + "." + r.Guard + ": " + r.Text }

func refuse(action Action, guard, format string, args ...any) *Refusal {
	return &Refusal{Action: action, Guard: guard, Text: fmt.Sprintf(format, args...)}
}
