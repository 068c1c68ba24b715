package main

import (
	"os"
	"testing"

	"github.com/leased-io/leased/budget"
)

// TestExampleBudgetsApply keeps the example file valid.
func TestExampleBudgetsApply(t *testing.T) {
	data, err := os.ReadFile("../../deploy/budgets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	budgets, err := budget.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(budgets); got != 2 {
		t.Errorf("%d budgets, want 2", got)
	}
}
