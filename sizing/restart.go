package sizing

// spans are after how many rounds a learner starts anew; 0: never. Against a best size that
// changes every so often, one of about that span does well; one that never starts anew does
// well against the best size of all.
var spans = [...]uint64{0, 64, 8}

// learners are one learner for each span, and one that weighs them, the chief: its arms are their
// expected losses. So what all of them together expect to lose is at most the loss of the best
// arm, the regret of the learner that never starts anew and the chief's. It is at most as well
// the loss of the best arm of each span, the regrets of that span's learner in all of them, and
// the chief's.
type learners struct {
	n      int
	rounds uint64
	base   [len(spans)]learner
	chief  learner
	weight arms // of the arms, by all
	// excess is the expected loss so far less that of the best arm: the regret.
	excess float64
}

func newLearners(n int) learners {
	l := learners{n: n, chief: newLearner(len(spans))}
	for i := range l.base {
		l.base[i] = newLearner(n)
	}
	l.aim(&arms{})
	return l
}

// aim sets the weights for a round of which hint is expected.
func (l *learners) aim(hint *arms) {
	var hoped arms
	for i := range l.base {
		b := &l.base[i]
		if spans[i] > 0 && l.rounds%spans[i] == 0 {
			*b = newLearner(l.n)
		}
		b.aim(hint)
		hoped[i] = b.expected(hint)
	}
	l.chief.aim(&hoped)
	l.weight = arms{}
	for i := range l.base {
		for j := range l.n {
			l.weight[j] += l.chief.weight[i] * l.base[i].weight[j]
		}
	}
}

// learn takes the losses of the round that the weights were for.
func (l *learners) learn(loss *arms) {
	var suffered arms
	for i := range l.n {
		l.excess += l.weight[i] * loss[i]
	}
	for i := range l.base {
		suffered[i] = l.base[i].expected(loss)
		grown := l.base[i].learn(loss)
		if spans[i] == 0 {
			l.excess -= grown
		}
	}
	l.chief.learn(&suffered)
	l.rounds++
}

// regret returns a bound on excess, whatever the losses were.
func (l *learners) regret() float64 { return l.base[0].regret() + l.chief.regret() }

// draw returns an arm by its weight, for a point in [0, 1).
func (l *learners) draw(point float64) int {
	for i := range l.n {
		if point -= l.weight[i]; point < 0 {
			return i
		}
	}
	return l.n - 1 // what rounding left over
}

// point returns the number in [0, 1) that seed has for a round: the output function of
// splitmix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014).
func point(seed, round uint64) float64 {
	z := seed + (round+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}
