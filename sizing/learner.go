package sizing

import "math"

// MaxArms bounds the sizes that a learner weighs: GridArms fixed ones and EOQArms that follow
// the prediction.
const MaxArms = GridArms + EOQArms

// arms has a number for each arm; those past a learner's count are zero.
type arms [MaxArms]float64

// learner weighs n arms so that its expected loss is little more than that of the arm that
// turns out best.
//
// Let L be the arms' losses so far, l those of this round and m the hint for it. The weights
// are w ~ exp(-eta*(L+m)). With M(L) = -ln(sum exp(-eta*L)/n)/eta, the mixture's loss, the gap of
// a round is d = w*l - (M(L+l) - M(L)), or zero if that is less; D sums the gaps, and
// eta = ln(n)/D.
//
// Regret: M falls as eta grows, and eta never grows, so the M(L+l) - M(L) sum to at most
// min L + ln(n)/eta. Hence the regret against every arm is at most 2*D.
//
// D: let e = l - m be the hint's error, and r the range of e over the arms. M is concave and its
// gradient at L+m is w, so M(L) <= M(L+m) - w*m; and by Hoeffding's lemma M(L+m+e) >= M(L+m) +
// w*e - eta*r*r/8. So d <= min(eta*r*r/8, r), and the sum of D*D - (D-d)*(D-d) gives
//
//	regret <= 2*D <= sqrt(ln(n) * sum of r*r) + 2 * max r.
//
// Without hints r is the range of the losses, which is AdaHedge's bound for any adversary; with
// hints that are right up to a constant, it is nothing. The loss that is drawn exceeds the
// expected one by at most sqrt(ln(1/p)/2 * sum of squared ranges of l but with probability p
// (Hoeffding and Azuma).
type learner struct {
	n      int
	losses arms // L, less the least of them: 0 for the arm that is best so far
	gaps   float64
	weight arms // w, of the coming round
}

// newLearner returns a learner of 1..MaxArms arms that knows nothing.
func newLearner(n int) learner {
	l := learner{n: n}
	l.aim(&arms{})
	return l
}

// aim sets the weights for a round of which hint is expected.
func (l *learner) aim(hint *arms) {
	var hoped arms
	for i := range l.n {
		hoped[i] = l.losses[i] + hint[i]
	}
	least, sum := leastOf(&hoped, l.n), 0.0
	rate := l.rate()
	for i := range l.n {
		l.weight[i] = discount(rate, hoped[i]-least)
		sum += l.weight[i]
	}
	for i := range l.n {
		l.weight[i] /= sum
	}
}

// learn takes the losses of the round that the weights were for, which are finite, and returns
// by how much the loss of the arm that is best so far has grown.
func (l *learner) learn(loss *arms) float64 {
	rate := l.rate()
	gap := l.expected(loss) + mixed(&l.losses, l.n, rate)
	for i := range l.n {
		l.losses[i] += loss[i]
	}
	l.gaps += max(0, gap-mixed(&l.losses, l.n, rate))
	least := leastOf(&l.losses, l.n)
	for i := range l.n {
		l.losses[i] -= least
	}
	return least
}

// expected returns w*l.
func (l *learner) expected(loss *arms) float64 {
	sum := 0.0
	for i := range l.n {
		sum += l.weight[i] * loss[i]
	}
	return sum
}

// regret returns the most by which the expected loss so far exceeds that of any arm.
func (l *learner) regret() float64 { return 2 * l.gaps }

// rate returns eta. It is infinite at first: the leader is followed.
func (l *learner) rate() float64 {
	if l.gaps <= 0 {
		return math.Inf(1)
	}
	return math.Log(float64(l.n)) / l.gaps
}

// mixed returns M of losses.
func mixed(losses *arms, n int, rate float64) float64 {
	least, sum := leastOf(losses, n), 0.0
	for i := range n {
		sum += discount(rate, losses[i]-least)
	}
	if n == 1 {
		return least // and the rate may be zero
	}
	return least + math.Log(float64(n)/sum)/rate
}

// discount returns exp(-rate*behind). An infinite rate leaves only those who are not behind.
func discount(rate, behind float64) float64 {
	if behind <= 0 {
		return 1
	}
	return math.Exp(-rate * behind)
}

func leastOf(a *arms, n int) float64 {
	least := a[0]
	for _, x := range a[1:n] {
		least = min(least, x)
	}
	return least
}
