using FlameEdge.Federated.Coordination;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Coordination;

/// <summary>
/// Aggregators and trainers in virtual time. An aggregator takes a group's updates one after the other as they become ready, each for its pace. What comes of a round is told to a planner as the real ones would.
/// </summary>
internal sealed class VirtualFleet(int aggregators, int trainers)
{
    private readonly Planner planner = new(new CoordinationSettings());
    private Dictionary<string, double?> seconds = [];
    private Dictionary<string, CoordinationMessage> measured = [];

    public CoordinatorState State { get; private set; } = new() { Run = "run" };

    /// <summary>Seconds an update takes of an aggregator; 1 where nothing is said.</summary>
    public Dictionary<string, double> Pace { get; } = [];

    /// <summary>Seconds a trainer trains; 0 where nothing is said.</summary>
    public Dictionary<string, double> Training { get; } = [];

    public HashSet<string> Away { get; } = [];

    /// <summary>Aggregators whose update of the round before did not count.</summary>
    public HashSet<string> Uncounted { get; } = [];

    /// <summary>Plans and runs a round; how long it takes.</summary>
    public double Round()
    {
        List<WorkerId> hosts = [.. Names("m", aggregators)], guests = [.. Names("t", trainers)];
        foreach (var name in Uncounted.Where(seconds.ContainsKey))
        {
            seconds[name] = null;
        }

        State = planner.Decide(planner.Learn(State, seconds, measured), State.Round + 1, [new(hosts, guests)], hosts.Concat(guests).Where(worker => !Away.Contains(worker.Value)).ToHashSet());
        (seconds, measured) = ([], []);
        foreach (var (name, members) in State.Assignment)
        {
            List<MeasuredUpdate> updates = [];
            var end = 0.0;
            foreach (var member in members.OrderBy(member => Training.GetValueOrDefault(member)))
            {
                var trained = Training.GetValueOrDefault(member);
                end = Math.Max(end, trained) + Pace.GetValueOrDefault(name, 1);
                updates.Add(new(member, end, trained, 1000));
            }

            seconds[name] = end;
            measured[name] = new() { Step = CoordinationMessage.Measured, Run = "run", Round = State.Round, Number = State.Plan, Took = end, Updates = updates };
        }

        return seconds.Values.Max() ?? 0;
    }

    private static IEnumerable<WorkerId> Names(string role, int count) => Enumerable.Range(0, count).Select(at => new WorkerId($"{role}_{at}"));
}
