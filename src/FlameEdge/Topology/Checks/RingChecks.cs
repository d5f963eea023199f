namespace FlameEdge.Topology.Checks;

/// <summary>What a ring among equals can sum: changes, weighted, as they are.</summary>
internal static class RingChecks
{
    public static void Check(GraphIndex graph)
    {
        foreach (var channel in graph.Channels.Where(channel => channel.FunctionTags?.Any(entry => entry.Tags.Any(tag => tag.Value == FunctionTags.RingAllReduce)) == true))
        {
            Check(graph, channel);
        }
    }

    private static void Check(GraphIndex graph, Reading.ChannelDraft channel)
    {
        var (job, node) = (graph.Job, channel.Name.Node);
        if (channel.Pair is [var first, var second] && first.Value != second.Value)
        {
            graph.Problems.Add(node, $"{channel}: {FunctionTags.RingAllReduce} is for a channel among equals; name the same role twice in pair");
        }

        if (channel.UpCodec != CodecSpec.Plain || channel.DownCodec != CodecSpec.Plain)
        {
            graph.Problems.Add(node, $"{channel}: parts of a sum travel as they are, for every member must hold the same bits; leave the codec out");
        }

        if (job.OptimizerSpec.Kind is OptimizerSpec.FedDyn or OptimizerSpec.Scaffold or OptimizerSpec.FedNova or OptimizerSpec.FedGft)
        {
            graph.Problems.Add(job.Optimizer?.Node ?? job.Root, $"optimizer: {job.OptimizerSpec.Kind} needs more of a client than the weighted change that {channel} sums; use fedavg, fedavgm, fedadagrad, fedadam, fedyogi or fedprox");
        }

        if (job.Robust is { } robust)
        {
            graph.Problems.Add(job.Root, $"robust: {robust.Kind} must see single updates, and {channel} sums them on the way; remove robust");
        }

        if (job.Privacy is not null)
        {
            graph.Problems.Add(job.Root, $"privacy needs every change shortened and counted by itself, and {channel} sums them on the way; remove privacy");
        }

        if (job.Personal is { } personal)
        {
            graph.Problems.Add(job.Root, $"personal: {personal.Kind} belongs to trainers that send an update of their own, and {channel} sums them on the way; remove personal");
        }

        if (job.SecureAggregation is not null)
        {
            graph.Problems.Add(job.Root, $"secureAggregation needs an aggregator over all single updates, and {channel} sums them on the way; remove secureAggregation");
        }
    }
}
