package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// Resume goes on with the run that Options.Continues names: a new run of the same
// targets, in the same order. What has ended well there counts as far as its Done
// check confirms it now; steps recall what they recorded. anyway passes over a
// configuration that has changed since.
func (e *Engine) Resume(ctx context.Context, anyway bool) error {
	p := e.opt.Continues
	if err := e.mayResume(p); err != nil {
		return err
	}
	if err := e.sameSettings(p, anyway); err != nil {
		return err
	}
	run, say := p.Run(), wordsIn(e.opt.Lang)
	if run.Version != e.opt.Header.Version {
		e.opt.Console.Print(fmt.Sprintf(say.otherVersion, run.Run, run.Version, e.opt.Header.Version))
	}
	if !e.opt.Planning {
		if err := e.takeUp(p); err != nil {
			return err
		}
		if _, err := e.journal.own(); err != nil {
			return err
		}
		e.opt.Console.Print(fmt.Sprintf(say.resuming, run.Run, strings.Join(p.Targets(), " ")))
	}
	for _, target := range p.Targets() {
		if err := e.Target(ctx, target); err != nil {
			return err
		}
	}
	return nil
}

// takeUp makes this process the one that goes on with a run. Until it has the
// lock another one may have done so, or have undone the run.
func (e *Engine) takeUp(p *Past) error {
	if err := p.take(); err != nil {
		return err
	}
	run := p.Run()
	if err := resumable(run); err != nil {
		return err
	}
	if last := tip(p.dir, run); last.Run != run.Run {
		return fault.New(fault.Locked, "procedure:status shows how far it is", fmt.Errorf("resume run %s: run %s goes on with it already", run.Run, last.Run))
	}
	return nil
}

// mayResume refuses a run that asked for what this program does not know.
func (e *Engine) mayResume(p *Past) error {
	run := p.Run()
	if len(p.Targets()) == 0 {
		return fault.New(fault.Missing, "type the targets anew", fmt.Errorf("resume run %s: its journal names no targets", run.Run))
	}
	gone := e.unknownTargets(p.Targets())
	for _, began := range run.Changed() {
		if _, _, known := e.opt.Registry.Lookup(began.Step); !known {
			gone = append(gone, began.Step)
		}
	}
	if len(gone) > 0 {
		return fault.New(fault.Missing, fmt.Sprintf("the run was made by version %s, this is %s; procedure:list names what there is now", run.Version, e.opt.Header.Version),
			fmt.Errorf("resume run %s: this program has no step %s", run.Run, strings.Join(gone, ", ")))
	}
	return nil
}

func (e *Engine) unknownTargets(targets []string) []string {
	var unknown []string
	for _, target := range targets {
		if _, known := e.opt.Registry.Stages(target); !known {
			unknown = append(unknown, target)
		}
	}
	return unknown
}

// known leaves out the targets of a command line that run no steps.
func known(registry *procedure.Registry, targets []string) []string {
	var all []string
	for _, target := range targets {
		if _, known := registry.Stages(target); !known {
			continue
		}
		if step, _, found := registry.Lookup(target); found {
			target = step.Target // as the table spells it
		}
		all = append(all, target)
	}
	return all
}

// sameSettings refuses a configuration that is not the one that the run began
// with. A run that could not read it left nothing to compare.
func (e *Engine) sameSettings(p *Past, anyway bool) error {
	run := p.Run()
	if len(run.Settings) == 0 || e.opt.Settings == nil {
		return nil
	}
	values, err := e.opt.Settings()
	if err != nil {
		return err
	}
	now := digests(values)
	var changed []string
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if run.Settings[key] != now[key] {
			changed = append(changed, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(run.Settings)) {
		if _, still := now[key]; !still {
			changed = append(changed, key)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if anyway {
		e.opt.Console.Print(fmt.Sprintf(wordsIn(e.opt.Lang).changedSettings, strings.Join(changed, ", ")))
		return nil
	}
	return fault.New(fault.Usage,
		fmt.Sprintf("put it back, or go on with the new one: procedure:resume -run=%s -anyway=true, or begin anew: %s", run.Run, strings.Join(p.Targets(), " ")),
		fmt.Errorf("resume run %s: the configuration has changed since: %s", run.Run, strings.Join(changed, ", ")))
}

// digests tells values apart without keeping them.
func digests(values map[string]string) map[string]string {
	short := make(map[string]string, len(values))
	for key, value := range values {
		sum := sha256.Sum256([]byte(value))
		short[key] = hex.EncodeToString(sum[:6])
	}
	return short
}
