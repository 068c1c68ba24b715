package transport

import (
	"context"
	"time"

	"github.com/leased-io/leased/transport/leasedv1"
)

// ReadClock tells this node's wall clock. Only the leader asks, for calendar time.
func (s *clusterServer) ReadClock(
	context.Context, *leasedv1.ReadClockRequest,
) (*leasedv1.ReadClockResponse, error) {
	return &leasedv1.ReadClockResponse{WallNanos: s.cluster.Wall().UnixNano()}, nil
}

// ReadClock asks the node at an API address for its wall clock.
func (s *Server) ReadClock(ctx context.Context, address string) (time.Time, error) {
	conn, err := s.peers.conn(address)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := leasedv1.NewClusterClient(conn).ReadClock(ctx, &leasedv1.ReadClockRequest{})
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(0, resp.GetWallNanos()), nil
}

// calendarToProto puts the calendar into a node's status.
func calendarToProto(st Status, resp *leasedv1.StatusResponse) {
	if c := st.Calendar; c.Set {
		resp.CalendarNanos, resp.CalendarOffsetNanos = int64(c.Time), int64(c.Off)
		resp.LeapInNanos, resp.LeapByNanos = int64(c.LeapIn), int64(c.LeapBy)
		resp.SlowNanos = int64(c.Owed)
	}
}
