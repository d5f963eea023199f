using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>Where a worker should run: where its data is, then who can run it, then who has least to do, then by name. The same fleet gives the same answer.</summary>
public static class Placement
{
    /// <summary>The best agent for a worker, or why there is none.</summary>
    public static PlacementChoice Choose(JobSpec job, WorkerPlan worker, IReadOnlyList<PlacementOffer> offers)
    {
        var role = job.Graph.Roles.First(role => role.Name == worker.Role);
        var homes = HomesOf(job, worker, offers, out var why);
        if (homes.Count == 0)
        {
            return new(null, why);
        }

        var judged = homes.Select(offer => (offer, Short: Shortfalls(job, role, offer))).ToList();
        var best = judged.Where(entry => entry.Short.Count == 0).Select(entry => entry.offer).OrderBy(offer => offer.Workers).ThenBy(offer => offer.Birth.Agent, StringComparer.Ordinal).FirstOrDefault();
        return best is null ? new(null, Grouped(judged.SelectMany(entry => entry.Short, (entry, text) => (text, entry.offer.Birth.Agent)))) : new(best.Birth.Agent, null);
    }

    /// <summary>The dataset a worker cannot do without: its own, or for the top aggregator the one the model is scored on; null for none.</summary>
    public static DatasetId? DataOf(JobSpec job, WorkerPlan worker) => worker.Dataset ?? (IsTop(job, worker.Role) ? job.Evaluation : null);

    /// <summary>True for the role that distributes the model, or sums it among equals, and fetches it from nobody.</summary>
    public static bool IsTop(JobSpec job, RoleName role) =>
        job.Graph.Channels.Any(channel => channel.Has(role, FunctionTags.Distribute) || channel.Has(role, FunctionTags.RingAllReduce)) && !job.Graph.Channels.Any(channel => channel.Has(role, FunctionTags.Fetch));

    /// <summary>Sentences with the agents they are about: <c>memory: needs 512 MB, has 256 MB on gw1, gw2</c>.</summary>
    public static string Grouped(IEnumerable<(string Text, string Agent)> found) => string.Join("; ", found
        .GroupBy(entry => entry.Text, StringComparer.Ordinal)
        .Select(group => $"{group.Key} on {Names(group.Select(entry => entry.Agent).Distinct(StringComparer.Ordinal).ToList())}"));

    private static IReadOnlyList<PlacementOffer> HomesOf(JobSpec job, WorkerPlan worker, IReadOnlyList<PlacementOffer> offers, out string? why)
    {
        why = offers.Count == 0 ? "no agent is there" : null;
        if (DataOf(job, worker) is not { } id)
        {
            return offers;
        }

        var dataset = job.Datasets[id];
        var named = offers.Where(offer => offer.Birth.Agent == dataset.Agent?.Value).ToList();
        var homes = named.FindAll(offer => offer.Refusal is null);
        if (homes.Count == 0)
        {
            homes = [.. offers.Where(offer => offer.Birth.Datasets.Any(known => known.Name == id.Value)).Union(named)];
        }

        if (homes.Count > 0 || (dataset.Agent is null && dataset.Source is not null))
        {
            return homes.Count > 0 ? homes : offers;
        }

        why = dataset.Agent is { } agent ? $"its data '{id}' is on {agent}, which is not there" : $"its data '{id}' is on board of no agent that is there";
        return [];
    }

    private static List<string> Shortfalls(JobSpec job, RoleSpec role, PlacementOffer offer)
    {
        if (offer.Refusal is { } said)
        {
            return [said];
        }

        var (birth, limits) = (offer.Birth, offer.Birth.Limits);
        var left = limits with
        {
            MemoryBytes = (limits.MemoryBytes ?? birth.Hardware.MemoryBytes) - offer.MemoryTaken,
            StorageBytes = (limits.StorageBytes ?? birth.Hardware.FreeStorageBytes) - offer.StorageTaken,
        };
        List<string> found = [.. Fitness.Shortfalls(job, role, birth with { Limits = left })];
        if (limits.Workers <= offer.Workers)
        {
            found.Add($"workers: has {offer.Workers}, at most {limits.Workers}");
        }

        if (!offer.HasRoom)
        {
            found.Add($"task: another worker does not fit its {Channels.BulletinTopic.MaximumRetainedBytes} bytes");
        }

        return found;
    }

    private static string Names(List<string> names) => names.Count <= 8 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(8))} and {names.Count - 8} more";
}

/// <summary>An agent that may be given a worker.</summary>
/// <param name="Birth">What it is.</param>
/// <param name="Workers">Workers it has already.</param>
/// <param name="MemoryTaken">Bytes of memory that these have asked for.</param>
/// <param name="StorageTaken">Bytes of storage that these have asked for.</param>
/// <param name="HasRoom">False where its task cannot name another worker.</param>
/// <param name="Refusal">What it said when it refused this very worker; null where it has not.</param>
public sealed record PlacementOffer(AgentBirth Birth, int Workers = 0, long MemoryTaken = 0, long StorageTaken = 0, bool HasRoom = true, string? Refusal = null);

/// <summary>An agent for a worker, or why there is none.</summary>
public sealed record PlacementChoice(string? Agent, string? Why);
