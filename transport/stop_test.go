package transport

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

// TestStopWithMuteConnection: a server stops though somebody has connected who says nothing, as one
// does who is out of reach since.
func TestStopWithMuteConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Coordinator: newFakeNode(), Cluster: newFakeNode()})
		if err != nil {
			t.Fatal(err)
		}
		lis := bufconn.Listen(1 << 10)
		served := make(chan error, 1)
		go func() { served <- s.Serve(lis) }()
		mute, err := lis.Dial()
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		s.Kill()
		if took := time.Since(began); took > helloTimeout {
			t.Errorf("it took %s to stop, want at most %s", took, helloTimeout)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		_ = mute.Close()
	})
}
