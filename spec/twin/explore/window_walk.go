package explore

// WindowParams are the constants of a configuration of WindowLease.
type WindowParams = windowParams

// WindowState is a state of WindowLease. Its fields are those of the module's variables.
type WindowState = windowState

// WindowKind is an action of WindowLease, without whom it concerns.
type WindowKind int

// The actions of WindowLease. Tick, Commit, Failover and Recover concern nobody, Recycle a
// request, the others an attempt.
const (
	WindowTick     WindowKind = wTick
	WindowCommit   WindowKind = wCommit
	WindowFailover WindowKind = wFailover
	WindowRecover  WindowKind = wRecover
	WindowSend     WindowKind = wSend
	WindowAccept   WindowKind = wAccept
	WindowAdmit    WindowKind = wAdmit
	WindowReturn   WindowKind = wReturn
	WindowCrash    WindowKind = wCrash
	WindowReserve  WindowKind = wReserve  // Propose("reserve")
	WindowGiveBack WindowKind = wGiveBack // Propose("return")
	WindowRecycle  WindowKind = wRecycle
)

// The values of WindowState.Cli[a].St and of WindowState.Log[i].Op.
const (
	ClientIdle = idle
	ClientSent = sent
	ClientHeld = held
	ClientGone = gone

	OpReserve = opReserve
	OpReturn  = opReturn
)

// WindowStep is one step of WindowLease: an action, and the attempt or request that it
// concerns, if any.
type WindowStep struct {
	Kind WindowKind
	Whom int
}

// String returns the step as the specification writes it.
func (s WindowStep) String() string { return nameWindow(act(int(s.Kind), s.Whom)) }

// WindowLease is the module for one configuration, with its rules as they are, for a harness
// that walks it step by step beside something else.
type WindowLease struct {
	m      *windowModel
	checks []Invariant[windowState]
}

// NewWindowLease returns the module for p. Of its rates those that bind are the first of
// CRate and the last of LRate.
func NewWindowLease(p WindowParams) *WindowLease {
	m := newWindowModel(p, theWindowRules())
	return &WindowLease{m, m.invariants(windowChecks...)}
}

// Init returns the one initial state.
func (w *WindowLease) Init() WindowState { return w.m.init0() }

// Next emits each successor of s, as often as there are ways to it. s may be folded.
func (w *WindowLease) Next(s WindowState, emit func(WindowStep, WindowState)) {
	w.m.next(s, func(a Action, to windowState) {
		emit(WindowStep{WindowKind(a.kind()), a.whom()}, to)
	})
}

// Fold makes cluster time relative to the window of T, so that states that differ by whole
// windows are one.
func (w *WindowLease) Fold(s WindowState) WindowState { return w.m.fold(s) }

// InBounds reports whether s is within the bounds of the configuration.
func (w *WindowLease) InBounds(s WindowState) bool {
	return int(s.T) <= w.m.p.MaxT && int(s.C) <= int(s.T)+w.m.p.MaxAhead
}

// MayAdmit is R10: whether attempt a may spend a credit in s.
func (w *WindowLease) MayAdmit(s WindowState, a int) bool { return w.m.r.MayAdmit(s.Cli[a]) }

// Broken returns the name of the first invariant that does not hold in s, or nothing.
func (w *WindowLease) Broken(s WindowState) string {
	for _, inv := range w.checks {
		if !inv.Holds(s) {
			return inv.Name
		}
	}
	return ""
}

// Show returns s in words, the same fields in the same order for every state.
func (w *WindowLease) Show(s WindowState) []Field { return w.m.show(s) }
