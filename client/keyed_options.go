package client

import (
	"errors"
	"fmt"
	"time"
)

// Defaults of Keyed's options.
const (
	// DefaultMaxKeys is how many keys a KeyedLimiter has at a time: at about 2 KB each, what fits
	// any process that has as many users.
	DefaultMaxKeys = 100_000
	// DefaultForgetAfter is how long a key is remembered that nobody uses. It gave its credits back
	// long before, and to open it again costs a tenth of a call.
	DefaultForgetAfter = time.Minute
)

// MaxMaxKeys is the most that MaxKeys may be: as many sessions as a cluster has place for.
const MaxMaxKeys = 1_000_000

// leastForgetAfter keeps a key that is used now and then from being opened anew each time.
const leastForgetAfter = time.Second

// MaxKeys bounds the keys that a KeyedLimiter has at a time. At the bound the key that was idle for
// longest is given up for a new one; if none was idle for evictAfter, the new one is refused with
// TooManyKeys. Default DefaultMaxKeys; 1..MaxMaxKeys. Only for Keyed.
func MaxKeys(n int) LimiterOption {
	return func(o *limiterOptions) { o.maxKeys, o.keysSet = n, true }
}

// ForgetAfter sets how long a key of a KeyedLimiter may be idle before it is forgotten. Default
// DefaultForgetAfter; not below a second. Only for Keyed.
func ForgetAfter(d time.Duration) LimiterOption {
	return func(o *limiterOptions) { o.forgetAfter, o.keysSet = d, true }
}

// keyedOptions returns what opts set, or all that is wrong with it.
func keyedOptions(opts []LimiterOption) (limiterOptions, error) {
	o := limiterOptions{
		unavailableAfter: DefaultUnavailableAfter,
		maxKeys:          DefaultMaxKeys,
		forgetAfter:      DefaultForgetAfter,
	}
	for _, set := range opts {
		set(&o)
	}
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...))
	}
	if o.key != "" {
		wrong("key %q: Keyed has all keys, allowed is none", o.key)
	}
	if o.unavailableAfter < 0 {
		wrong("unavailable after %s, allowed is 0 or more", o.unavailableAfter)
	}
	if o.maxKeys < 1 || o.maxKeys > MaxMaxKeys {
		wrong("max keys %d, allowed is 1..%d", o.maxKeys, MaxMaxKeys)
	}
	if o.forgetAfter < leastForgetAfter {
		wrong("forget after %s, allowed is %s or more", o.forgetAfter, leastForgetAfter)
	}
	if err := validSizing(o.sizing); err != nil {
		problems = append(problems, err)
	}
	return o, errors.Join(problems...)
}
