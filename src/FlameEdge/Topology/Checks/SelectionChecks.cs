using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>What a choice of clients cannot stand beside.</summary>
internal static class SelectionChecks
{
    public static void Check(GraphIndex graph)
    {
        foreach (var channel in graph.Channels.Where(channel => channel.SelectorSpec.Kind != SelectorSpec.All))
        {
            CheckChannel(graph, channel, channel.SelectorSpec.Kind, channel.Selector?.Node ?? channel.Name.Node);
        }
    }

    private static void CheckChannel(GraphIndex graph, ChannelDraft channel, string kind, SpecNode at)
    {
        var job = graph.Job;
        var ends = channel.Pair.Select(end => graph.Role(end.Value)).OfType<RoleDraft>().ToList();
        if (!(channel.FunctionTags ?? []).Any(entry => entry.Tags.Any(tag => tag.Value == FunctionTags.Distribute)))
        {
            graph.Problems.Add(at, $"{channel}: selector: {kind} chooses whom a model is sent to, and nobody distributes models here; remove it");
        }

        if (ends.Find(role => role.Program?.Value == Programs.AsynchronousAggregator) is { } asynchronous)
        {
            graph.Problems.Add(at, $"{channel}: selector: {kind} chooses for a round, which {asynchronous} has not; bound who is at work with its settings: {{ concurrency: 8 }}");
        }

        if (job.SecureAggregation is not null && ends.Exists(role => role.IsDataConsumer))
        {
            graph.Problems.Add(at, $"{channel}: selector: {kind} and secureAggregation cannot stand together: masks are agreed on by the whole group; remove one of them");
        }

        if (job.Privacy is not null && kind is SelectorSpec.Oort or SelectorSpec.PowerOfChoice)
        {
            graph.Problems.Add(at, $"{channel}: selector: {kind} goes by losses on the clients' data, which privacy keeps from it; use random, deadline or budget");
        }

        if (channel.DownCodec.IsDelta)
        {
            graph.Problems.Add(at, $"{channel}: codec 'delta' sends what changed since the round before, which those not chosen then lack; leave delta out, or the selector");
        }
    }
}
