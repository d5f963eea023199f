using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Regression;

/// <summary>What becomes of packets in a site that predicts a number: they wait for rows that can test them, are hardened and put to work, and go where they do harm or are taken back.</summary>
internal sealed class RegionIntake(SiteSetup setup, CanoeSettings settings, RegionEnsemble ensemble, ExampleStore replay, PortableRandom random, TimeProvider clock) : IRemembered
{
    private const double EvictBelow = -3;
    private const int Half = 16;
    private const float Pull = 0.02f;
    private const int MostWaiting = 64;
    private const int MostUnits = 4096;
    private readonly ulong[] regionIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
    private readonly List<Arrival> waiting = [];

    /// <summary>Models that are no longer believed.</summary>
    public HashSet<ulong> Revoked { get; } = [];

    /// <summary>Regions whose packets wait for rows that can test them.</summary>
    public IEnumerable<int> Waiting => waiting.Select(arrival => Array.IndexOf(regionIds, arrival.Knowledge.LabelId));

    /// <summary>Takes a packet; it is looked at in the next batch. More than 64 regions at a time push out the oldest.</summary>
    /// <exception cref="PayloadException">The bytes are no packet of regions.</exception>
    public void Deliver(ReadOnlySpan<byte> bytes, string helper)
    {
        if (PacketReader.Read(bytes).Knowledge is not { } packet || packet.Classes.Any(knowledge => knowledge.Value is null))
        {
            throw new PayloadException($"{setup.Name} was sent knowledge of classes by {helper} where regions of a value were asked for");
        }

        var kept = bytes.ToArray();
        waiting.AddRange(packet.Classes.Select(knowledge => ArrivalOf(packet, knowledge, kept, helper)));
        waiting.RemoveRange(0, Math.Max(0, waiting.Count - MostWaiting));
    }

    /// <summary>Counts what each specialist saved or cost in a batch; those that cost too much of late are gone.</summary>
    /// <param name="samples">[rows, features].</param>
    /// <param name="values">[rows].</param>
    /// <param name="predicted">[rows], by all of them.</param>
    /// <param name="usualError">The site's, above 0.</param>
    public List<Verdict> Review(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, float[] predicted, double usualError)
    {
        List<Verdict> verdicts = [];
        foreach (var stage in ensemble.Stages.ToArray())
        {
            var without = ensemble.Predict(samples, stage);
            var saved = 0.0;
            for (var row = 0; row < values.Length; row++)
            {
                saved += Math.Abs(without[row] - values[row]) - Math.Abs(predicted[row] - values[row]);
            }

            stage.Gain = (0.9 * stage.Gain) + (saved / usualError);
            if (settings.IsGated && stage.Gain < EvictBelow)
            {
                ensemble.Remove(stage);
                verdicts.Add(new Verdict(setup.Name, stage.Origin.Helper, regionIds[stage.Region], stage.Origin.Content, Refusal.Harmful, stage.Gain));
            }
        }

        return verdicts;
    }

    /// <summary>Puts to work or refuses what can be judged by now.</summary>
    public List<Verdict> Install()
    {
        List<Verdict> verdicts = [];
        foreach (var arrival in waiting.ToArray())
        {
            var refusal = Admit(arrival);
            if (refusal != Refusal.Untested)
            {
                waiting.Remove(arrival);
                verdicts.Add(new Verdict(setup.Name, arrival.Origin.Helper, arrival.Knowledge.LabelId, arrival.Origin.Content, refusal, 0));
            }
        }

        return verdicts;
    }

    /// <summary>Removes what was cut from a model, and takes no more of it.</summary>
    public void Revoke(ulong modelHash)
    {
        Revoked.Add(modelHash);
        waiting.RemoveAll(arrival => arrival.Origin.ModelHash == modelHash);
        foreach (var stage in ensemble.Stages.Where(stage => stage.Origin.ModelHash == modelHash).ToArray())
        {
            ensemble.Remove(stage);
        }
    }

    /// <summary>True where something that came from <paramref name="helper"/> was cut from a model.</summary>
    public bool Descends(ulong modelHash, string helper) =>
        waiting.Select(arrival => arrival.Origin).Concat(ensemble.Stages.Select(stage => stage.Origin)).Any(origin => origin.ModelHash == modelHash && origin.Helper == helper);

    private Refusal? Admit(Arrival arrival)
    {
        var (knowledge, packet, origin) = (arrival.Knowledge, arrival.Packet, arrival.Origin);
        var region = Array.IndexOf(regionIds, knowledge.LabelId);
        if (Revoked.Contains(origin.ModelHash))
        {
            return Refusal.Revoked;
        }

        if (region < 0 || packet.Cut != setup.Cut || packet.InputContract != setup.InputContract || packet.Inputs != setup.RowSize || packet.AveragingFactor != 1 || knowledge.Channels.Count > 0)
        {
            return Refusal.OtherInput;
        }

        if (origin.Expires < clock.GetUtcNow())
        {
            return Refusal.Expired;
        }

        var stage = new RegionStage(region, knowledge.RestoreRegion(), origin);
        var outside = replay.Classes.Where(other => other != region).SelectMany(replay.Rows).ToList();
        var refusal = settings.IsGated ? RegionGate.Judge(stage, ensemble, replay.Rows(region), outside) : null;
        if (refusal is null && !ensemble.Serves(region))
        {
            Harden(stage, replay.Rows(region), outside);
            ensemble.Add(stage);
        }

        return refusal;
    }

    // The helper met other rows: a few steps on those here, held near what came (as §5.2).
    private void Harden(RegionStage stage, IReadOnlyList<float[]> inside, List<float[]> outside)
    {
        var anchor = stage.Network.Parameters.ToArray();
        var weights = new float[2 * Half];
        weights.AsSpan(0, Half).Fill(Math.Min(1f, inside.Count / 8f) / (2 * Half));
        weights.AsSpan(Half).Fill(-1f / (2 * Half));
        stage.Network.LearningRate = settings.SpecialistRate;
        for (var step = 0; step < settings.HardeningSteps && inside.Count > 0 && outside.Count > 0; step++)
        {
            float[][] drawn = [.. Enumerable.Range(0, 2 * Half).Select(i => i < Half ? inside[random.Below(inside.Count)] : outside[random.Below(outside.Count)])];
            RegionTraining.Step(stage.Network, drawn, weights, Pull, anchor);
        }
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Items(waiting, arrival =>
        {
            writer.Blob(arrival.Bytes);
            writer.Text(arrival.Origin.Helper);
            writer.Hash(arrival.Knowledge.LabelId);
        });
        writer.Items(ensemble.Stages, stage => Write(writer, stage));
        writer.Items(Revoked, writer.Hash);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        waiting.Clear();
        waiting.AddRange(reader.Items(() => ReadArrival(reader)));
        foreach (var stage in reader.Items(() => ReadStage(reader)))
        {
            ensemble.Add(stage);
        }

        Revoked.UnionWith(reader.Items(reader.Hash));
    }

    private static void Write(SnapshotWriter writer, RegionStage stage)
    {
        writer.Whole(stage.Region);
        writer.Text(stage.Origin.Helper);
        writer.Hash(stage.Origin.Content);
        writer.Hash(stage.Origin.ModelHash);
        writer.Long(stage.Origin.Expires.ToUnixTimeMilliseconds());
        writer.Wholes([.. stage.Network.Layers.Select(layer => layer.Inputs), RegionStage.OutputCount]);
        ((IRemembered)stage.Network).Write(writer);
        writer.Number(stage.Gain);
    }

    private RegionStage ReadStage(SnapshotReader reader)
    {
        var region = reader.Whole();
        var origin = new PacketOrigin(reader.Text(), reader.Hash(), reader.Hash(), DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(reader.Long(), 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())));
        var widths = reader.Wholes();
        SnapshotReader.Require(region >= 0 && region < regionIds.Length, "a specialist is for a region that is unknown here");
        SnapshotReader.Require(widths.Length > 2 && widths[0] == setup.RowSize && widths[^1] == RegionStage.OutputCount && widths[1..].All(width => width is > 0 and <= MostUnits), "a specialist has another size");
        var network = new DenseNetwork(widths);
        ((IRemembered)network).Read(reader);
        return new RegionStage(region, network, origin) { Gain = reader.Number() };
    }

    private static Arrival ReadArrival(SnapshotReader reader)
    {
        var (bytes, helper, label) = (reader.Blob(), reader.Text(), reader.Hash());
        var packet = PacketReader.Read(bytes).Knowledge;
        var knowledge = packet?.Classes.FirstOrDefault(knowledge => knowledge.LabelId == label);
        SnapshotReader.Require(knowledge?.Value is not null, "a packet lacks its region");
        return ArrivalOf(packet!, knowledge!, bytes, helper); // Just looked at.
    }

    private static Arrival ArrivalOf(KnowledgePacket packet, ClassKnowledge knowledge, byte[] bytes, string helper) =>
        new(knowledge, packet, new PacketOrigin(helper, PacketWriter.ContentHash(bytes), packet.ModelHash, packet.Expires), bytes);

    private sealed record Arrival(ClassKnowledge Knowledge, KnowledgePacket Packet, PacketOrigin Origin, byte[] Bytes);
}
