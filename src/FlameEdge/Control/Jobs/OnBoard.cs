using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>Which datasets on board a job's patterns stand for.</summary>
internal static class OnBoard
{
    /// <summary>The datasets from now on; null where nothing has changed.</summary>
    public static List<DatasetOnBoard>? Changed(JobRecord record, IReadOnlyList<string> patterns, FleetView fleet)
    {
        var homes = record.Workers.Where(worker => worker is { Dataset: not null, Agent: not null }).ToLookup(worker => worker.Dataset!, worker => worker.Agent!, StringComparer.Ordinal); // not null: just asked
        var now = record.OnBoard.Where(dataset => !HasLeft(dataset.Name, homes[dataset.Name].FirstOrDefault(), fleet)).ToList();
        var names = now.Select(dataset => dataset.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var agent in fleet.Agents.Where(agent => agent.IsCandidate))
        {
            now.AddRange(agent.Birth!.Datasets.Where(dataset => // not null: it is a candidate
                SafeToName(dataset.Name) && patterns.Any(pattern => NamePattern.Matches(pattern, dataset.Name)) && names.Add(dataset.Name)));
        }

        return now.Count == record.OnBoard.Count && now.Zip(record.OnBoard).All(pair => pair.First.Name == pair.Second.Name) ? null : now;
    }

    // An agent that is only away comes back: its data stays in the job until it is drained, or says that it has the data no longer.
    private static bool HasLeft(string dataset, string? home, FleetView fleet)
    {
        if (home is null || fleet.Find(home) is not { } agent)
        {
            return false;
        }

        var isGone = agent.IsUp ? agent.Birth is { } birth && birth.DatasetCount <= birth.Datasets.Count && !agent.Announces(dataset) : agent.IsDraining;
        return isGone && !fleet.Agents.Any(other => other != agent && other.IsUp && other.Announces(dataset));
    }

    private static bool SafeToName(string name) => Topology.Reading.SafeName.IsSafe(name);
}
