package packages

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/command"
)

// IsBack proves that Back has nothing left to do: it goes the same way again
// through a door that only prints what it would change. The outcome says what
// could not come back, and why.
func (a *Apt) IsBack(ctx context.Context, r Record) (Outcome, error) {
	var left bytes.Buffer
	looking := &Apt{Door: command.NewDoor(a.Door.Transport(), command.Planning(&left)), LockWait: a.LockWait}
	o, err := looking.Back(ctx, r)
	if err != nil {
		return o, err
	}
	if left.Len() > 0 {
		line, _, _ := strings.Cut(left.String(), "\n")
		return o, fmt.Errorf("look whether packages are what they were: this would still change them: %s", line)
	}
	return o, nil
}

// String is the outcome for people; "" when everything came back.
func (o Outcome) String() string {
	var all []string
	for _, c := range o.Missing {
		all = append(all, fmt.Sprintf("%s cannot come back: no repository offers %s any more", c.Name, c.Before))
	}
	return strings.Join(append(all, o.Kept...), "; ")
}
