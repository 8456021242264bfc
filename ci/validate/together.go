package validate

import (
	"context"
	"sync"
)

// together runs the functions at once and waits for all. When one fails those
// after it are cancelled and those before it are waited for, so that of two
// failures the earlier function's is always the one that is told. Contexts of
// functions that succeeded live on until ctx ends: what they started may be
// used afterwards.
func together(ctx context.Context, functions ...func(context.Context) error) error {
	errs := make([]error, len(functions))
	contexts := make([]context.Context, len(functions))
	cancels := make([]context.CancelFunc, len(functions))
	for i := range functions {
		contexts[i], cancels[i] = context.WithCancel(ctx)
	}
	var wait sync.WaitGroup
	for i, function := range functions {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if errs[i] = function(contexts[i]); errs[i] != nil {
				for _, cancel := range cancels[i:] {
					cancel()
				}
			}
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
