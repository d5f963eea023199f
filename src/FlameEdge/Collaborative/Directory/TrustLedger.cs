using FlameEdge.Collaborative.Boosting;

namespace FlameEdge.Collaborative.Directory;

/// <summary>Who has helped well: the mean of a Beta distribution over accepted and refused packets, those that others saw at half weight (our design).</summary>
public sealed class TrustLedger(string owner)
{
    private const double OthersWeight = 0.5;
    private readonly Dictionary<string, (double Good, double Bad)> counts = new(StringComparer.Ordinal);

    /// <summary>What is known, [accepted, refused] by helper.</summary>
    public Dictionary<string, double[]> Counts
    {
        get => counts.ToDictionary(pair => pair.Key, pair => new[] { pair.Value.Good, pair.Value.Bad }, StringComparer.Ordinal);
        set
        {
            counts.Clear();
            foreach (var (helper, seen) in value)
            {
                counts[helper] = (seen[0], seen[1]);
            }
        }
    }

    /// <summary>Takes a verdict. Packets that came too late, before any row could test them, or for something that is no longer here, say nothing of their sender.</summary>
    public void Add(Verdict verdict)
    {
        if (verdict.Refusal is Refusal.Expired or Refusal.Untested or Refusal.BrokenChain)
        {
            return;
        }

        var weight = verdict.Target == owner ? 1 : OthersWeight;
        var (good, bad) = counts.GetValueOrDefault(verdict.Helper);
        counts[verdict.Helper] = verdict.IsAccepted ? (good + weight, bad) : (good, bad + weight);
    }

    /// <summary>Trust in a site, in (0, 1); ½ for one that nobody knows.</summary>
    public double Of(string helper)
    {
        var (good, bad) = counts.GetValueOrDefault(helper);
        return (good + 1) / (good + bad + 2);
    }
}
