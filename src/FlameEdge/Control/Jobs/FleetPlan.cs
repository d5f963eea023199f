using FlameEdge.Models.Declared;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>Where a job's workers would go, before anything is touched.</summary>
/// <param name="Workers">Every worker with its agent, or why it has none.</param>
/// <param name="RoundBytes">Bytes over the broker in a round in which everybody is counted, without repeats; null where the size of the model is only known with its data.</param>
public sealed record FleetPlan(IReadOnlyList<PlannedWorker> Workers, long? RoundBytes)
{
    // A head of terms or of an update with its packet header.
    private const int HeadBytes = 400;

    /// <summary>Places the job's workers on an idle fleet.</summary>
    public static FleetPlan Of(JobPlan plan, IReadOnlyList<PlacementOffer> fleet)
    {
        var offers = fleet.ToDictionary(offer => offer.Birth.Agent, StringComparer.Ordinal);
        var planned = new List<PlannedWorker>();
        foreach (var worker in plan.Workers)
        {
            var choice = Placement.Choose(plan.Job, worker, [.. offers.Values]);
            planned.Add(new(worker, choice.Agent, choice.Why));
            if (choice.Agent is { } agent)
            {
                var needs = plan.Job.Graph.Roles.First(role => role.Name == worker.Role).Needs;
                var offer = offers[agent];
                offers[agent] = offer with { Workers = offer.Workers + 1, MemoryTaken = offer.MemoryTaken + (needs.MemoryBytes ?? 0), StorageTaken = offer.StorageTaken + (needs.StorageBytes ?? 0) };
            }
        }

        return new(planned, BytesOf(plan));
    }

    private static long? BytesOf(JobPlan plan)
    {
        if (plan.Job.Model is not { Input: { } input, Classes: { } classes } model || !DeclaredModel.IsDeclared(model))
        {
            return null;
        }

        var length = DeclaredModel.Of(model, input, classes).Layout.Length;
        return plan.Job.Graph.Channels.Where(channel => (channel.Backend ?? plan.Job.Backend) == "mqtt").Sum(channel => RingOf(plan, channel.Pair.First) == channel ? RingBytes(channel) : TreeBytes(channel));

        // Down the model goes once to a group of a channel, and from the broker to each of its members; an update goes up from each and to one. A ring has one voice.
        long TreeBytes(ChannelSpec channel)
        {
            var links = plan.Workers.Where(worker => channel.Has(worker.Role, FunctionTags.Upload) && worker.Groups.ContainsKey(channel.Name))
                .Select(worker => RingOf(plan, worker.Role) is { } ring ? $"ring {worker.Groups[ring.Name]}" : worker.Id.Value).Distinct(StringComparer.Ordinal).Count();
            return (BytesIn(channel.DownCodec) * (links + channel.Groups.Count)) + (BytesIn(channel.UpCodec) * 2L * links);
        }

        // Of n members each sends 2 (n - 1) parts of a sum, each an n-th of the model; below an aggregator all but one are handed the model besides. What is sent is delivered.
        long RingBytes(ChannelSpec channel)
        {
            var handed = plan.Job.Graph.Channels.Any(other => other.Has(channel.Pair.First, FunctionTags.Fetch)) ? 2 * BytesIn(CodecSpec.Plain) : 0;
            return plan.Workers.Where(worker => worker.Groups.ContainsKey(channel.Name)).GroupBy(worker => worker.Groups[channel.Name])
                .Sum(group => (group.Count() - 1L) * ((4L * sizeof(float) * length) + (4L * group.Count() * HeadBytes) + handed));
        }

        long BytesIn(CodecSpec codec) => Codecs.Of(codec).LargestBytesOf(length) + HeadBytes;
    }

    private static ChannelSpec? RingOf(JobPlan plan, RoleName role) => plan.Job.Graph.Channels.FirstOrDefault(channel => channel.Has(role, FunctionTags.RingAllReduce));
}

/// <summary>A worker and the agent it would run on.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Agent">Its agent; null where none can take it.</param>
/// <param name="Why">Why none can.</param>
public sealed record PlannedWorker(WorkerPlan Worker, string? Agent, string? Why);
