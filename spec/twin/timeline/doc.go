// Package timeline draws a trace check as one HTML file: windows, leaders, leases and
// admissions on a common axis of time, and where it broke. It is for the engineer who asks what
// happened, and where exactly.
//
// A Timeline listens to a check (twin.Options.Observe and OnWindow) and keeps what the page
// shows, within the bounds in bounds.go: the newest in detail, what is older summed up, and
// the page says what was left out. A check stops at its first violation, so the newest is also
// what happened around one.
//
// The file loads nothing: style, script and data are in it, and its content security policy
// allows no more. The chart is drawn by hand on a canvas (page/*.js): chart libraries load their
// script from elsewhere, or put a megabyte of it into each file, and none draws lanes of leases.
package timeline
