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

        if (kind == SelectorSpec.Poisson)
        {
            CheckPoisson(graph, channel, ends, at);
        }

        if (job.Privacy is not null && kind is SelectorSpec.Oort or SelectorSpec.PowerOfChoice)
        {
            graph.Problems.Add(at, $"{channel}: selector: {kind} goes by losses on the clients' data, which privacy keeps from it; use poisson, random, deadline or budget");
        }

        if (channel.DownCodec.IsDelta)
        {
            graph.Problems.Add(at, $"{channel}: codec 'delta' sends what changed since the round before, which those not chosen then lack; leave delta out, or the selector");
        }
    }

    // What is drawn so is what privacy is counted by: each client itself, by whoever adds the noise.
    private static void CheckPoisson(GraphIndex graph, ChannelDraft channel, List<RoleDraft> ends, SpecNode at)
    {
        if (graph.Job.Privacy is not { Kind: PrivacySpec.Server })
        {
            graph.Problems.Add(at, $"{channel}: selector: poisson draws nobody now and then, which only privacy: {{ kind: server }} makes something of; add that, or use random");
        }

        if (!ends.Exists(role => role.IsDataConsumer && !graph.TagsOf(role).Contains(FunctionTags.RingAllReduce)) || ends.Exists(role => !role.IsDataConsumer && graph.TagsOf(role).Contains(FunctionTags.Fetch)))
        {
            graph.Problems.Add(at, $"{channel}: selector: poisson draws single clients for the aggregator that adds privacy's noise; put it on a channel from trainers straight to the top");
        }

        if (graph.Job.Rounds.Eager)
        {
            graph.Problems.Add(at, $"{channel}: selector: poisson counts all it draws, and rounds.eager ends a round before; remove one of them");
        }
    }
}
