package trace

// Clock is the monotonic clock that a recorder dates its events with.
type Clock struct {
	// Name tells which clock it is: readings of two recorders are comparable if and only if
	// their clocks have the same name.
	Name string
	// Now returns the reading in nanoseconds. It never goes back, and may be called by any
	// goroutine.
	Now func() int64
}
