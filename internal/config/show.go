package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one value of the effective configuration.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // "default", or FILE:LINE
}

// Show returns every value that is in force, in the order of config/iact.yaml,
// with where it comes from. Paths are absolute; secrets are masked.
func (c *Config) Show() []Setting { return c.show(table(), "", nil) }

func (c *Config) show(keys []key, prefix string, s *Source) []Setting {
	var list []Setting
	for _, k := range keys {
		keyPath := prefix + k.name
		switch {
		case k.shape == section:
			list = append(list, c.show(k.keys, keyPath+".", nil)...)
		case k.shape == sources && c.Backup.Auto:
			list = append(list, Setting{keyPath, "auto", c.origins[keyPath].String()})
		case k.shape == sources:
			for i := range c.Backup.Sources {
				list = append(list, c.show(k.keys, fmt.Sprintf("%s[%d].", keyPath, i), &c.Backup.Sources[i])...)
			}
		case k.shape == listing:
			list = append(list, c.showEntries(k, keyPath)...)
		case k.takes(kindOf(s)):
			list = append(list, Setting{keyPath, display(k, k.at(c, s)), c.origins[keyPath].String()})
		}
	}
	return list
}

// display writes a value as it would stand in the file.
func display(k key, value any) string {
	switch v := value.(type) {
	case *int:
		if k.shape == count && *v == Unlimited {
			return unlimited
		}
		return strconv.Itoa(*v)
	case *int64:
		return FormatSize(*v)
	case *Span:
		return v.String()
	case *time.Duration:
		return formatDuration(*v)
	case *[]string:
		shown := slices.Clone(*v)
		for i := range shown {
			shown[i] = mask(k.name, shown[i])
		}
		return "[" + strings.Join(shown, ", ") + "]"
	case *bool:
		return strconv.FormatBool(*v)
	case **bool:
		if *v == nil {
			return ""
		}
		return strconv.FormatBool(**v)
	case *string:
		return mask(k.name, *v)
	}
	panic(fmt.Sprintf("config: the key %s is read from a %T", k.name, value))
}
