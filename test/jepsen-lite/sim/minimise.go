package sim

// othersToTry is how many seeds are tried with smaller options: everything that happens is drawn
// anew when anything is changed, so the same seed may show nothing any more.
const othersToTry = 100

// Minimise returns options of a smaller schedule that fails as the one of o does, which is what
// fails reports: fewer holders, fewer windows, faults switched off one by one, for as long as
// something can go. It plays at most so many schedules.
func Minimise(o Options, plays int, fails func(Options) bool) Options {
	for shrunk := true; shrunk; {
		shrunk = false
		for _, reduce := range reductions {
			smaller := o
			smaller.Limits = append(smaller.Limits[:0:0], o.Limits...)
			if !reduce(&smaller) {
				continue
			}
			for i := uint64(0); i <= othersToTry && plays > 0; i++ {
				if i > 0 {
					smaller.Seed = i
				}
				if plays--; fails(smaller) {
					o, shrunk = smaller, true
					break
				}
			}
		}
	}
	return o
}

// reductions each make one thing smaller, and report whether there was anything to. The faults come
// first: in a long schedule of many holders the others have more occasions to do harm.
var reductions = []func(o *Options) bool{
	func(o *Options) bool { return zero(&o.Healed) },
	func(o *Options) bool {
		more := len(o.Limits) > 1
		o.Limits = o.Limits[:1]
		return more
	},
	func(o *Options) bool { return zero(&o.Keys) },
	func(o *Options) bool { return zero(&o.Strange) },
	func(o *Options) bool { return zero(&o.Reshape) },
	func(o *Options) bool { return zero(&o.Override) },
	func(o *Options) bool { return zero(&o.Delete) },
	func(o *Options) bool { return zero(&o.Change) },
	func(o *Options) bool { return zero(&o.Restore) },
	func(o *Options) bool { return zero(&o.Close) },
	func(o *Options) bool { return zero(&o.Crash) },
	func(o *Options) bool { return zero(&o.Suspend) },
	func(o *Options) bool { return zero(&o.Failover) },
	func(o *Options) bool { return zero(&o.Sleep) },
	func(o *Options) bool { return zero(&o.Slow) },
	func(o *Options) bool { return zero(&o.Dup) },
	func(o *Options) bool { return zero(&o.Loss) },
	func(o *Options) bool { return zero(&o.Late) },
	func(o *Options) bool { return zero(&o.Exact) },
	func(o *Options) bool { return zero(&o.Odd) },
	func(o *Options) bool { return zero(&o.DriftPPM) },
	func(o *Options) bool { return off(&o.Local) },
	func(o *Options) bool { return off(&o.Waves) },
	func(o *Options) bool { return off(&o.Heir) },
	func(o *Options) bool { return halve(&o.Holders, 1) },
	func(o *Options) bool { return less(&o.Holders, 1, 1) },
	func(o *Options) bool { return halve(&o.Length, o.Limits[0].Per) },
	func(o *Options) bool { return less(&o.Length, o.Limits[0].Per, o.Limits[0].Per) },
	func(o *Options) bool { return less(&o.Replicas, 1, 1) },
	func(o *Options) bool { return halve(&o.Limits[0].Amount, 1) },
}

func off(b *bool) bool {
	was := *b
	*b = false
	return was
}

func zero[N ~int | ~int64](n *N) bool {
	had := *n != 0
	*n = 0
	return had
}

// halve and less make n smaller, and not smaller than least.
func halve[N ~int | ~int64](n *N, least N) bool {
	before := *n
	*n = max(least, *n/2)
	return *n < before
}

func less[N ~int | ~int64](n *N, by, least N) bool {
	before := *n
	*n = max(least, *n-by)
	return *n < before
}
