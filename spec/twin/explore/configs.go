package explore

import "slices"

// Config is one configuration of a module: a .cfg file, as a value.
type Config struct {
	// Name is the name of the .cfg file, without its suffix.
	Name string
	// Run explores it.
	Run func(Options) Result
}

// Configs returns every configuration, by module and in the order of the modules' files.
func Configs() []Config {
	return slices.Concat(windowConfigs(), clockConfigs(), slotConfigs(),
		slidingConfigs(), bucketConfigs(), leapConfigs())
}

// Find returns the configuration of that name.
func Find(name string) (Config, bool) {
	for _, c := range Configs() {
		if c.Name == name {
			return c, true
		}
	}
	return Config{}, false
}
