// Package discriminate tests the campaigns: each of its plants is a bug of the protocol, and the
// rings of the fault campaigns must find it. The table docs/discrimination.md says which ring
// found which plant, from which seed, after how much time, and who named it.
//
// A plant is an edit of the product's source, laid over it for one build, as in package mutants,
// from which most plants are. That package asks whether any judge can see a bug, on schedules
// that are drawn for that. This one asks how long the campaigns that people run need to come
// across it: it builds a ring's own tests with the plant in them, starts the ring's campaign at
// seed 1, and reads what it says.
//
// A plant that no ring finds within its bound is a hole in what the rings draw. One that is
// harmless, because another rule makes up for it, says so; the two of them off is a plant, too.
package discriminate
