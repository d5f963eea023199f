using FlameEdge.Topology;

namespace FlameEdge.Federated.Coordination;

/// <summary>An aggregator that trainers are given to.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Pace">Seconds it is busy with an average update: transfers, checks, sums; above 0.</param>
internal sealed record Host(WorkerId Worker, double Pace);

/// <summary>A trainer that is given to an aggregator.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Work">What its update takes of an aggregator, 1 for an average one.</param>
/// <param name="ReadyAt">Seconds into a round at which its update could be with an aggregator that had nothing else to do.</param>
internal sealed record Guest(WorkerId Worker, double Work, Func<WorkerId, double> ReadyAt);

/// <summary>
/// Longest processing time first: the trainer that takes longest is placed first, each with the aggregator that would then be done first. Aggregators take updates one after
/// the other as these become ready. The same measurements give the same assignment, in whatever order they are listed.
/// </summary>
/// <remarks>Where all are ready at once: at most 4/3 - 1/(3m) times the best for m aggregators of one pace, 2m/(m + 1) times for those of several.</remarks>
/// <seealso href="https://doi.org/10.1137/0117039">Graham 1969, theorem 2</seealso>
/// <seealso href="https://doi.org/10.1137/0206013">Gonzalez, Ibarra and Sahni 1977, theorem 2.1</seealso>
internal static class Balance
{
    /// <summary>Every guest with one host; a host may have none.</summary>
    public static IReadOnlyDictionary<WorkerId, List<WorkerId>> Assign(IReadOnlyCollection<Guest> guests, IReadOnlyCollection<Host> hosts)
    {
        List<Lane> lanes = [.. hosts.OrderBy(host => host.Worker.Value, StringComparer.Ordinal).Select(host => new Lane(host))];
        var typical = lanes.Average(lane => lane.Host.Pace);
        foreach (var guest in guests
            .OrderByDescending(guest => (guest.Work * typical) + lanes.Min(lane => guest.ReadyAt(lane.Host.Worker)))
            .ThenBy(guest => guest.Worker.Value, StringComparer.Ordinal))
        {
            lanes.MinBy(lane => (lane.EndWith(guest), lane.Count))!.Add(guest); // Not null: there is a host.
        }

        return lanes.ToDictionary(lane => lane.Host.Worker, lane => lane.Guests);
    }

    /// <summary>Seconds until an aggregator would be done with these.</summary>
    public static double EndOf(Host host, IEnumerable<Guest> guests)
    {
        var lane = new Lane(host);
        foreach (var guest in guests)
        {
            lane.Add(guest);
        }

        return lane.End;
    }

    /// <summary>What an aggregator has been given so far, first ready first.</summary>
    private sealed class Lane(Host host)
    {
        private readonly List<(double ReadyAt, double Seconds)> steps = [];

        public Host Host => host;

        public List<WorkerId> Guests { get; } = [];

        public int Count => Guests.Count;

        public double End => EndOf(steps);

        public double EndWith(Guest guest)
        {
            var at = Place(guest);
            steps.Insert(at, Step(guest));
            var end = End;
            steps.RemoveAt(at);
            return end;
        }

        public void Add(Guest guest)
        {
            steps.Insert(Place(guest), Step(guest));
            Guests.Add(guest.Worker);
        }

        private static double EndOf(List<(double ReadyAt, double Seconds)> steps)
        {
            var end = 0.0;
            foreach (var (readyAt, seconds) in steps)
            {
                end = Math.Max(end, readyAt) + seconds;
            }

            return end;
        }

        private (double ReadyAt, double Seconds) Step(Guest guest) => (guest.ReadyAt(host.Worker), guest.Work * host.Pace);

        private int Place(Guest guest)
        {
            var readyAt = guest.ReadyAt(host.Worker);
            var at = steps.FindIndex(step => step.ReadyAt > readyAt);
            return at < 0 ? steps.Count : at;
        }
    }
}
