//go:build !linux

package survey

// askKVM: KVM is Linux's.
func askKVM(string) Answer { return Absent }
