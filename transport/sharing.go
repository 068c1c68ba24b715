package transport

import (
	"github.com/leased-io/leased/budget"
	"github.com/leased-io/leased/transport/leasedv1"
)

// parseSharing reads who divides a budget's accounts. Validate judges it.
func parseSharing(in *leasedv1.Sharing) (*budget.Sharing, error) {
	if in == nil {
		return nil, nil
	}
	if unknown(in) {
		return nil, invalid("budget.sharing: has a field that this version does not know")
	}
	out := &budget.Sharing{By: in.GetBy(), Reserved: in.GetReserved()}
	var err error
	if out.Weights, err = parsePortions("weights", in.GetWeights()); err != nil {
		return nil, err
	}
	out.Guaranteed, err = parsePortions("guaranteed", in.GetGuaranteed())
	return out, err
}

func parsePortions(field string, in []*leasedv1.Portion) (out []budget.Portion, err error) {
	if len(in) > budget.MaxShares {
		return nil, invalid("budget.sharing.%s: %d, at most %d", field, len(in), budget.MaxShares)
	}
	for i, p := range in {
		if unknown(p) {
			return nil, invalid("budget.sharing.%s[%d]: has a field that this version does not know",
				field, i)
		}
		out = append(out, budget.Portion{Tenant: p.GetTenant(), N: p.GetN()})
	}
	return out, nil
}

func sharingToProto(s *budget.Sharing) *leasedv1.Sharing {
	if s == nil {
		return nil
	}
	return &leasedv1.Sharing{By: s.By, Weights: portionsToProto(s.Weights),
		Guaranteed: portionsToProto(s.Guaranteed), Reserved: s.Reserved}
}

func portionsToProto(portions []budget.Portion) (out []*leasedv1.Portion) {
	for _, p := range portions {
		out = append(out, &leasedv1.Portion{Tenant: p.Tenant, N: p.N})
	}
	return out
}
