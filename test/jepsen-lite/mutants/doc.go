// Package mutants tests the tests: each of its mutants is a bug planted in a rule of the
// protocol, or in a line of the books that the bound hangs on, and one of the judges must catch
// it. There are no switches in the product. A mutant is an edit of its source, which is laid
// over the file for one build of a detector.
//
// The detectors play the same schedules with every build: the unchanged one, in which they must
// find nothing, and each mutant. What no detector comes near, such as files, is left to a test of
// the module's own, by name. A mutant that nobody catches is a hole in the judges. One that
// cannot break anything, because another line makes up for it, is in Harmless with the
// reason; the pair of the two is among the mutants, if it is a bug.
package mutants
