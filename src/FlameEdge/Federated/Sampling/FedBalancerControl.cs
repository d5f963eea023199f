namespace FlameEdge.Federated.Sampling;

/// <summary>
/// The server's side of FedBalancer: which losses are worth training on, and how long a round waits. Every w rounds it compares what the last two windows gained per
/// second: falling, the threshold rises and the deadline shortens; else the reverse.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2201.01601">Shin et al. 2022, algorithms 2 (loss threshold), 3 (ratios) and 4 (deadline)</seealso>
public sealed class FedBalancerControl
{
    private readonly FedBalancerSettings settings;
    private readonly List<double> benefits;
    private double low;
    private double high;

    /// <param name="settings">Its constants.</param>
    /// <param name="state">Where another one stood; null to begin.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public FedBalancerControl(FedBalancerSettings settings, FedBalancerState? state = null)
    {
        if (settings.Window < 1 || settings.Epochs < 1 || settings.LossStep is not (>= 0 and <= 1) || settings.DeadlineStep is not (>= 0 and <= 1))
        {
            throw new ArgumentException($"a setting of FedBalancer is out of its range: {settings}", nameof(settings));
        }

        this.settings = settings;
        (LossRatio, DeadlineRatio, low, high) = state is null ? (0, 1, 0, 0) : (state.LossRatio, state.DeadlineRatio, state.Low, state.High);
        benefits = [.. state?.Benefits ?? []];
    }

    /// <summary>Where it stands.</summary>
    public FedBalancerState State => new(LossRatio, DeadlineRatio, low, high, [.. benefits]);

    /// <summary>ltr, in [0, 1]: where between low and high losses the threshold lies.</summary>
    public double LossRatio { get; private set; }

    /// <summary>ddlr, in [0, 1]: where between the deadlines of one and of all epochs the round's lies.</summary>
    public double DeadlineRatio { get; private set; }

    /// <summary>Samples with this loss or more are worth training on; 0 in the first round.</summary>
    public double LossThreshold => low + ((high - low) * LossRatio);

    /// <summary>The most efficient deadline for that many epochs: the time at which (clients done) / time is largest, the earliest on ties.</summary>
    /// <param name="speeds">Each client's time for both transfers and for one epoch over its chosen samples; at least one, above zero together.</param>
    /// <param name="epochs">At least 1.</param>
    public static TimeSpan MostEfficient(IReadOnlyCollection<(TimeSpan Transfer, TimeSpan Epoch)> speeds, int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfZero(speeds.Count, nameof(speeds));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epochs);

        // The ratio only jumps up where somebody gets done, so those times are the only candidates; in order of time, i + 1 are done at the i-th.
        TimeSpan[] done = [.. speeds.Select(speed => speed.Transfer + (epochs * speed.Epoch)).Order()];
        var best = 0;
        for (var i = 1; i < done.Length; i++)
        {
            if ((i + 1) * (double)done[best].Ticks > (best + 1) * (double)done[i].Ticks)
            {
                best = i;
            }
        }

        return done[best];
    }

    /// <summary>How long the round waits: D(1) + (D(E) − D(1)) · ddlr.</summary>
    public TimeSpan Deadline(IReadOnlyCollection<(TimeSpan Transfer, TimeSpan Epoch)> speeds)
    {
        var one = MostEfficient(speeds, 1);
        return one + ((MostEfficient(speeds, settings.Epochs) - one) * DeadlineRatio);
    }

    /// <summary>Ends a round that waited at most <paramref name="deadline"/> and returns its benefit: mean selected loss per second.</summary>
    /// <exception cref="ArgumentException">There are no reports, a number is not finite, or the deadline is not above zero.</exception>
    public double Complete(IReadOnlyCollection<FedBalancerReport> reports, TimeSpan deadline)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero);
        if (reports.Count == 0 || reports.Any(report => !report.IsSound))
        {
            throw new ArgumentException("a round needs at least one report, and finite numbers of selected samples in each", nameof(reports));
        }

        var benefit = reports.Sum(report => report.SelectedSum) / reports.Sum(report => (double)report.SelectedCount) / deadline.TotalSeconds;
        low = reports.Min(report => report.Low);
        high = reports.Average(report => report.High);
        benefits.Add(benefit);
        if (benefits.Count >= 2 * settings.Window)
        {
            Adjust();
            benefits.RemoveRange(0, benefits.Count - settings.Window);
        }

        return benefit;
    }

    private void Adjust()
    {
        var window = settings.Window;
        var direction = benefits[^(2 * window)..^window].Average() > benefits[^window..].Average() ? 1 : -1;
        LossRatio = Math.Clamp(LossRatio + (direction * settings.LossStep), 0, 1);
        DeadlineRatio = Math.Clamp(DeadlineRatio - (direction * settings.DeadlineStep), 0, 1);
    }
}
