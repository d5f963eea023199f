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

        // Down the model goes once to a group of a channel, and from the broker to each of its members; an update goes up from each and to one.
        var length = DeclaredModel.Of(model, input, classes).Layout.Length;
        return plan.Job.Graph.Channels.Sum(channel =>
        {
            var links = plan.Workers.Count(worker => channel.Has(worker.Role, FunctionTags.Upload) && worker.Groups.ContainsKey(channel.Name));
            return (BytesIn(channel.DownCodec) * (links + channel.Groups.Count)) + (BytesIn(channel.UpCodec) * 2L * links);
        });

        long BytesIn(CodecSpec codec) => Codecs.Of(codec).LargestBytesOf(length) + HeadBytes;
    }
}

/// <summary>A worker and the agent it would run on.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Agent">Its agent; null where none can take it.</param>
/// <param name="Why">Why none can.</param>
public sealed record PlannedWorker(WorkerPlan Worker, string? Agent, string? Why);
