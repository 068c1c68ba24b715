package linear

import "github.com/leased-io/leased/transport/leasedv1"

// A batch is as many operations as it has requests, all called and answered at once.

// inputs returns the operations that a message asks for; none if it is of no kind that is recorded.
func inputs(req any) []Input {
	switch m := req.(type) {
	case *leasedv1.OpenSessionsRequest:
		return inputsOf(m.GetRequests())
	case *leasedv1.AcquireBatchRequest:
		return inputsOf(m.GetRequests())
	case *leasedv1.ReturnBatchRequest:
		return inputsOf(m.GetRequests())
	}
	if in, ok := input(req); ok {
		return []Input{in}
	}
	return nil
}

func inputsOf[Q any](requests []Q) []Input {
	all := make([]Input, len(requests))
	for i, q := range requests {
		all[i], _ = input(q) // each is of a kind that is recorded
	}
	return all
}

// answerTo is what the client of one operation was told: an output, or that it failed, and why if a
// node said so.
type answerTo struct {
	out    Output
	failed bool
	why    string
}

// told returns what the clients of n operations of one call were told. Those whose answers are
// missing were told nothing.
func told(resp any, err error, n int) []answerTo {
	all := make([]answerTo, n)
	for i := range all {
		all[i].failed = true
		if err != nil {
			all[i].why = reason(err)
		}
	}
	if err != nil {
		return all
	}
	tell := func(i int, out Output, f *leasedv1.Failure) {
		if i < n {
			all[i] = answerTo{out, f != nil, f.GetReason()}
		}
	}
	switch m := resp.(type) {
	case *leasedv1.OpenSessionsResponse:
		for i, r := range m.GetResults() {
			tell(i, output(r.GetResponse()), r.GetFailure())
		}
	case *leasedv1.AcquireBatchResponse:
		for i, r := range m.GetResults() {
			tell(i, output(r.GetResponse()), r.GetFailure())
		}
	case *leasedv1.ReturnBatchResponse:
		for i, r := range m.GetResults() {
			tell(i, output(r.GetResponse()), r.GetFailure())
		}
	default:
		tell(0, output(resp), nil)
	}
	return all
}

// End is how an operation ended: with an output, surely without effect, or so that nobody knows.
type End struct {
	Output   *Output
	Harmless bool
}

// Ends returns how each operation ended that was begun so far, in the order of their calls.
func (r *Recorder) Ends() []End {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]End, len(r.ops))
	for i, op := range r.ops {
		all[i] = End{op.Output, op.harmless}
	}
	return all
}
