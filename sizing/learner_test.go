package sizing

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"
)

var seed = flag.Uint64("sizing.seed", 1, "seed of the random tests")

// seeded returns the test's random source, and logs how to run the test again.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("replay: go test ./sizing -run '^%s$' -sizing.seed=%d", t.Name(), *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}

// opponent chooses the losses of a round, and its hint, with the weights of the last in view.
type opponent struct {
	name string
	play func(rng *rand.Rand, round int, weight *arms, n int) (loss, hint arms)
}

// opponents try what is known to hurt: noise, losses that follow the weights, leaders that
// change with every round, scales that grow, hints that lie, and losses that are all alike.
var opponents = []opponent{
	{"noise", func(rng *rand.Rand, _ int, _ *arms, n int) (loss, _ arms) {
		return randomly(rng, n), arms{}
	}},
	{"heaviest suffers", func(_ *rand.Rand, _ int, w *arms, n int) (loss, _ arms) {
		heaviest := 0
		for i := range n {
			if w[i] > w[heaviest] {
				heaviest = i
			}
		}
		loss[heaviest] = 1
		return loss, arms{}
	}},
	{"leaders in turn", func(_ *rand.Rand, round int, _ *arms, n int) (loss, _ arms) {
		for i := range n {
			loss[i] = float64((round + i) % 2)
		}
		if round == 0 {
			loss[0] = 0.5
		}
		return loss, arms{}
	}},
	{"growing scale", func(rng *rand.Rand, round int, w *arms, n int) (loss, _ arms) {
		for i := range n {
			loss[i] = math.Exp2(float64(round%64)) * (w[i] + rng.Float64())
		}
		return loss, arms{}
	}},
	{"lying hints", func(rng *rand.Rand, _ int, w *arms, n int) (loss, hint arms) {
		for i := range n {
			loss[i] = w[i]
			hint[i] = -1e6 * rng.Float64()
		}
		return loss, hint
	}},
	{"all alike", func(rng *rand.Rand, _ int, _ *arms, n int) (loss, hint arms) {
		x := rng.Float64() * 1e9
		for i := range n {
			loss[i], hint[i] = x, x
		}
		return loss, hint
	}},
	{"true hints", func(rng *rand.Rand, _ int, _ *arms, n int) (loss, hint arms) {
		loss = randomly(rng, n)
		return loss, loss
	}},
}

func randomly(rng *rand.Rand, n int) (x arms) {
	for i := range n {
		x[i] = rng.Float64()
	}
	return x
}

// player is a learner or several of them.
type player interface {
	aim(hint *arms)
	learn(loss *arms) float64
	regret() float64
	weights() *arms
}

func (l *learner) weights() *arms { return &l.weight }
func (p *pack) weights() *arms    { return &p.weight }

// pack is learners as a player.
type pack struct{ learners }

func (p *pack) learn(loss *arms) float64 { p.learners.learn(loss); return 0 }

// match is what a play of some rounds came to.
type match struct {
	expected, best   float64 // losses of the player and of the best arm
	size             float64 // of all losses, for what rounding may do
	squares, biggest float64 // of the ranges of the hints' errors
}

func (o opponent) meet(t *testing.T, rng *rand.Rand, p player, n, rounds int) match {
	t.Helper()
	var m match
	var total arms
	for round := range rounds {
		loss, hint := o.play(rng, round, p.weights(), n)
		p.aim(&hint)
		var wrong arms
		sum, most := 0.0, math.Inf(-1)
		for i, w := range p.weights()[:n] {
			if !(w >= 0 && w <= 1) {
				t.Fatalf("round %d: arm %d has weight %v", round, i, w)
			}
			sum += w
			m.expected += w * loss[i]
			m.size += loss[i]
			total[i] += loss[i]
			wrong[i] = loss[i] - hint[i]
			most = max(most, wrong[i])
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("round %d: weights add up to %v", round, sum)
		}
		r := most - leastOf(&wrong, n)
		m.squares += r * r
		m.biggest = max(m.biggest, r)
		p.learn(&loss)
	}
	m.best = leastOf(&total, n)
	return m
}

// The two inequalities of learner's comment hold against every opponent, whatever the number of
// arms and rounds.
func TestRegretIsBounded(t *testing.T) {
	rng := seeded(t)
	for _, o := range opponents {
		for _, n := range []int{1, 2, 3, 7, MaxArms} {
			for _, rounds := range []int{1, 10, 2000} {
				l := newLearner(n)
				m := o.meet(t, rng, &l, n, rounds)
				slack := 1e-9 * (1 + m.size)
				if got := m.expected - m.best; got > l.regret()+slack {
					t.Errorf("%s, %d arms, %d rounds: regret %v, bound %v",
						o.name, n, rounds, got, l.regret())
				}
				limit := math.Sqrt(math.Log(float64(n))*m.squares) + 2*m.biggest
				if l.regret() > limit+slack {
					t.Errorf("%s, %d arms, %d rounds: 2D is %v, more than %v",
						o.name, n, rounds, l.regret(), limit)
				}
			}
		}
	}
}

// Learners that start anew cost no more than the chief's regret; and against a best arm that
// changes they do better than one that never does.
func TestRestartsKeepTheBoundAndFollowShifts(t *testing.T) {
	rng := seeded(t)
	for _, o := range opponents {
		l := pack{newLearners(MaxArms)}
		m := o.meet(t, rng, &l, MaxArms, 2000)
		if got := m.expected - m.best; got > l.regret()+1e-9*(1+m.size) {
			t.Errorf("%s: regret %v, bound %v", o.name, got, l.regret())
		} else if math.Abs(got-l.excess) > 1e-6*(1+m.size) {
			t.Errorf("%s: regret %v, the learners say %v", o.name, got, l.excess)
		}
	}
	shift := opponent{"shift", func(_ *rand.Rand, round int, _ *arms, n int) (loss, _ arms) {
		for i := range n {
			loss[i] = 1
		}
		loss[round/200%n] = 0
		return loss, arms{}
	}}
	never, often := newLearner(MaxArms), pack{newLearners(MaxArms)}
	alone := shift.meet(t, rng, &never, MaxArms, 3000)
	together := shift.meet(t, rng, &often, MaxArms, 3000)
	if together.expected > alone.expected/2 {
		t.Errorf("lost %v with restarts, %v without; want less than half",
			together.expected, alone.expected)
	}
}

// A hint that is right, up to a constant, leaves no regret to speak of; one that is not there
// leaves some.
func TestHintsHelp(t *testing.T) {
	rng := seeded(t)
	told, alone := newLearner(MaxArms), newLearner(MaxArms)
	hinted := opponents[len(opponents)-1].meet(t, rng, &told, MaxArms, 1000)
	noise := opponents[0].meet(t, rng, &alone, MaxArms, 1000)
	if hinted.expected > hinted.best {
		t.Errorf("with true hints: lost %v, the best arm %v", hinted.expected, hinted.best)
	}
	if noise.expected <= noise.best {
		t.Errorf("without: lost %v, the best arm %v", noise.expected, noise.best)
	}
}

// frozen keeps the weights that it had at first: what a learner that learns nothing would do.
type frozen struct{ learner }

func (f *frozen) aim(*arms) {}

func (f *frozen) learn(loss *arms) float64 {
	f.learner.learn(loss)
	f.weight = newLearner(f.n).weight
	return 0
}

// The check of the bound is seen to fail: a player that learns nothing breaks it.
func TestBoundIsNoTautology(t *testing.T) {
	rng := seeded(t)
	f := frozen{newLearner(MaxArms)}
	biased := opponent{"biased", func(rng *rand.Rand, _ int, _ *arms, n int) (loss, _ arms) {
		loss = randomly(rng, n)
		loss[0] /= 2
		return loss, arms{}
	}}
	m := biased.meet(t, rng, &f, MaxArms, 5000)
	limit := math.Sqrt(math.Log(MaxArms)*m.squares) + 2*m.biggest
	if got := m.expected - m.best; got <= limit {
		t.Errorf("regret %v of a player that learns nothing is within %v", got, limit)
	}
}

func TestDraw(t *testing.T) {
	l := newLearners(4)
	l.weight = arms{0.25, 0, 0.5, 0.25}
	var count [4]int
	const draws = 40_000
	for i := range uint64(draws) {
		p := point(7, i)
		if p < 0 || p >= 1 {
			t.Fatalf("point %v", p)
		}
		count[l.draw(p)]++
	}
	for i, w := range l.weight[:4] {
		if got := float64(count[i]) / draws; math.Abs(got-w) > 0.01 {
			t.Errorf("arm %d was drawn in %v of all draws, its weight is %v", i, got, w)
		}
	}
	if a, b := point(7, 3), point(7, 3); a != b || a == point(8, 3) || a == point(7, 4) {
		t.Error("a point is not a function of seed and round alone")
	}
	if got := l.draw(math.Nextafter(1, 0)); got != 3 {
		t.Errorf("drew %d for the last point, want 3", got)
	}
}
