using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>The life of specialists in a target: arrival, gate, hardening, work, second test, eviction, retirement, return (our design).</summary>
/// <remarks>Installing is idempotent: a packet that came twice changes nothing.</remarks>
public sealed class Intake(SiteSetup setup, CanoeSettings settings, Ensemble ensemble, ExampleStore replay, Lineage lineage, Func<int, bool> isBase, TimeProvider clock) : IRemembered
{
    private const int MostPerClass = 3;
    private const double EvictBelow = -3;
    private const int RedundantBatches = 30;
    private const int SettledBatches = 20;
    private static readonly TimeSpan s_longestLife = TimeSpan.FromDays(7);
    private readonly PortableRandom random = new(setup.Seed, 2);
    private readonly ulong[] labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
    private readonly List<Arrival> waiting = [];
    private readonly HashSet<(ulong Content, ulong Label)> known = [];
    private readonly OrderedDictionary<int, Stage> cold = [];
    private readonly long[] arrivals = new long[setup.Classes.Count];

    /// <summary>Models that are no longer believed, nor anything cut from them.</summary>
    public HashSet<ulong> Revoked { get; } = [];

    /// <summary>Believes a model no longer: what was cut from it and is at work goes with the next batch, what lies cold at once.</summary>
    public void Revoke(ulong modelHash)
    {
        Revoked.Add(modelHash);
        foreach (var label in cold.Where(pair => pair.Value.Origin.ModelHash == modelHash).Select(pair => pair.Key).ToArray())
        {
            cold.Remove(label);
        }
    }

    /// <summary>Classes whose packets wait in the shadow for rows that can test them.</summary>
    public IEnumerable<int> Waiting => waiting.Select(arrival => Array.IndexOf(labelIds, arrival.Knowledge.LabelId));

    /// <summary>Takes a packet; it is looked at in the next batch.</summary>
    /// <exception cref="PayloadException">The bytes are no packet.</exception>
    public void Deliver(ReadOnlySpan<byte> bytes, string helper)
    {
        var content = PacketWriter.ContentHash(bytes);
        if (PacketReader.Read(bytes).Knowledge is not { } packet)
        {
            throw new PayloadException($"{setup.Name} was sent a whole model by {helper} where specialists were asked for");
        }

        foreach (var knowledge in packet.Classes)
        {
            if (known.Add((content, knowledge.LabelId)))
            {
                waiting.Add(ArrivalOf(packet, knowledge, bytes.ToArray(), helper));
            }
        }
    }

    /// <summary>Counts the labels of a batch towards the hand-over: η_c = min(1, n_c / n₀), n_c the rows of c since help came.</summary>
    public void Count(ReadOnlySpan<int> labels)
    {
        foreach (var label in labels)
        {
            if (ensemble.Serves(label))
            {
                arrivals[label]++;
                ensemble.SetOwnTrust(label, Math.Min(1f, (float)arrivals[label] / settings.HandOverExamples));
            }
        }
    }

    /// <summary>True where a class has so many local rows since help came that it needs no more.</summary>
    public bool IsHandedOver(int label) => arrivals[label] >= settings.HandOverExamples;

    /// <summary>Installs what has arrived and passes the gate; says what was decided.</summary>
    public IReadOnlyList<Verdict> Install()
    {
        List<Verdict> verdicts = [];
        foreach (var arrival in waiting.ToArray())
        {
            var refusal = Admit(arrival);
            if (refusal != Refusal.Untested)
            {
                waiting.Remove(arrival);
                if (refusal == Refusal.DoesNotSeparate)
                {
                    // With more rows of the class the same packet may be judged otherwise.
                    known.Remove((arrival.Origin.Content, arrival.Knowledge.LabelId));
                }

                verdicts.Add(new Verdict(setup.Name, arrival.Origin.Helper, arrival.Knowledge.LabelId, arrival.Origin.Content, refusal, 0));
            }
        }

        return verdicts;
    }

    /// <summary>Judges the stages by the batch last combined, and evicts what harms.</summary>
    public IReadOnlyList<Verdict> Review(ReadOnlySpan<float> own, ReadOnlySpan<float> combined, ReadOnlySpan<int> labels)
    {
        List<Verdict> verdicts = [];
        List<(Stage Stage, Refusal Refusal)> leaving = [];
        foreach (var stage in ensemble.Stages)
        {
            if (++stage.Batches == SettledBatches)
            {
                lineage.Settle(stage);
            }

            stage.Gain = (0.9 * stage.Gain) + ensemble.Gain(stage, own, combined, labels, stage.Weigh(labels, replay.Classes.Count()));
            if (settings.IsGated && Fault(stage) is { } fault)
            {
                leaving.Add((stage, fault));
            }
        }

        foreach (var (stage, refusal) in leaving)
        {
            ensemble.Remove(stage);
            lineage.Undo(ensemble.Model, stage);
            verdicts.Add(new Verdict(setup.Name, stage.Origin.Helper, labelIds[stage.Label], stage.Origin.Content, refusal, stage.Gain));
        }

        return verdicts;
    }

    /// <summary>True where a stage, at work, cold or still waiting, came from <paramref name="helper"/> and goes back to a model.</summary>
    public bool Descends(ulong modelHash, string helper) =>
        ensemble.Stages.Concat(cold.Values).Select(stage => stage.Origin).Concat(waiting.Select(arrival => arrival.Origin)).Any(origin => origin.ModelHash == modelHash && origin.Helper == helper);

    /// <summary>Lets go of stages that the own network no longer needs: by evidence, never by time. Gives back those.</summary>
    public IReadOnlyList<Stage> Retire()
    {
        List<Stage> retired = [];
        foreach (var stage in ensemble.Stages.ToArray())
        {
            stage.RedundantBatches = Math.Abs(stage.Gain) < 0.1 && IsHandedOver(stage.Label) ? stage.RedundantBatches + 1 : 0;
            if (stage.RedundantBatches < RedundantBatches || !OwnRecallSuffices(stage))
            {
                stage.Fade = 1;
                continue;
            }

            stage.Fade -= 1f / RedundantBatches;
            if (stage.Fade <= 0)
            {
                ensemble.Remove(stage);
                Keep(stage);
                retired.Add(stage);
            }
        }

        return retired;
    }

    /// <summary>Brings back the specialist of a class that has returned; false where none is kept.</summary>
    public bool Recall(int label)
    {
        if (ensemble.Serves(label) || !cold.Remove(label, out var stage))
        {
            return false;
        }

        (stage.Fade, stage.Gain, stage.RedundantBatches) = (1, 0, 0);
        ensemble.Add(stage);
        return true;
    }

    private Refusal? Fault(Stage stage)
    {
        if (stage.Gain < EvictBelow)
        {
            return Refusal.Harmful;
        }

        if (Revoked.Contains(stage.Origin.ModelHash))
        {
            return Refusal.Revoked;
        }

        return stage.IsDueForTest(replay.Seen(stage.Label)) && !AcceptanceGate.StillSeparates(stage, replay.Rows(stage.Label), Base(stage.Label)) ? Refusal.DoesNotSeparate : null;
    }

    private Refusal? Admit(Arrival arrival)
    {
        var label = Array.IndexOf(labelIds, arrival.Knowledge.LabelId);
        if (arrival.Packet.Cut != setup.Cut)
        {
            return Refusal.OtherBackbone;
        }

        var averaging = setup.Averaging(arrival.Packet.AveragingFactor);
        if (label < 0 || arrival.Knowledge.Value is not null || arrival.Packet.InputContract != setup.InputContract || averaging.Factor != arrival.Packet.AveragingFactor || averaging.Outputs != arrival.Packet.Inputs)
        {
            return Refusal.OtherInput;
        }

        if (arrival.Origin.Expires < clock.GetUtcNow())
        {
            return Refusal.Expired;
        }

        if (Revoked.Contains(arrival.Origin.ModelHash))
        {
            return Refusal.Revoked;
        }

        var stage = StageOf(arrival, label);
        var refusal = settings.IsGated ? AcceptanceGate.Judge(stage, ensemble.Model, replay.Rows(label), Base(label)) : null;
        if (refusal is null)
        {
            Install(stage, arrival);
        }

        return refusal;
    }

    private void Install(Stage stage, Arrival arrival)
    {
        var (positives, negatives) = (replay.Rows(stage.Label), Others(stage.Label));
        Hardening.Apply(stage, positives, negatives, settings.HardeningSteps, settings.SpecialistRate, random);
        if (!ensemble.Serves(stage.Label))
        {
            arrivals[stage.Label] = 0;
            ensemble.SetOwnTrust(stage.Label, 0);
        }

        ensemble.Add(stage);
        Stage[] stages = [.. ensemble.Of(stage.Label)];
        LineSearch.Fit(stages, Scores(stages, positives), Scores(stages, negatives));
        if (stages.Length > MostPerClass)
        {
            ensemble.Remove(stages.MinBy(other => other.Slope * Spread(other, negatives))!); // There are several.
        }

        if (arrival.Knowledge.Aligned is { } aligned && lineage.Id == arrival.Packet.Lineage)
        {
            lineage.Accept(aligned, ensemble.Model, stage, positives, replay, isBase);
        }
    }

    private static float[][] Scores(Stage[] stages, IReadOnlyList<float[]> rows) => [.. stages.Select(stage => stage.Score(BinaryTraining.Stack(rows)).ToArray())];

    private static double Spread(Stage stage, IReadOnlyList<float[]> rows)
    {
        var scores = stage.Score(BinaryTraining.Stack(rows)).ToArray();
        return scores.Length == 0 ? 0 : Math.Sqrt(scores.Average(score => (double)score * score) - Math.Pow(scores.Average(), 2));
    }

    private bool OwnRecallSuffices(Stage stage)
    {
        var rows = replay.Rows(stage.Label);
        if (rows.Count == 0)
        {
            return false;
        }

        var classes = setup.Classes.Count;
        var (own, combined) = (new float[rows.Count * classes], new float[rows.Count * classes]);
        ensemble.Combine(BinaryTraining.Stack(rows), own, combined);
        return Recall(own, classes, stage.Label) >= Recall(combined, classes, stage.Label) - 0.01;
    }

    private static double Recall(float[] logits, int classes, int label) =>
        Enumerable.Range(0, logits.Length / classes).Average(row => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits.AsSpan(row * classes, classes)) == label ? 1.0 : 0);

    private List<float[]> Base(int label) => [.. replay.Classes.Where(other => other != label && isBase(other)).SelectMany(replay.Rows)];

    private List<float[]> Others(int label) => [.. replay.Classes.Where(other => other != label).SelectMany(replay.Rows)];

    private void Keep(Stage stage)
    {
        cold[stage.Label] = stage;
        if (cold.Count > settings.ColdSpecialists)
        {
            cold.RemoveAt(0);
        }
    }

    private Arrival ArrivalOf(KnowledgePacket packet, ClassKnowledge knowledge, byte[] bytes, string helper)
    {
        // A clock that runs ahead, or a sender's wish, makes nothing last longer.
        var longest = clock.GetUtcNow() + s_longestLife;
        var origin = new PacketOrigin(helper, PacketWriter.ContentHash(bytes), knowledge.Origin != 0 ? knowledge.Origin : packet.ModelHash, packet.Expires < longest ? packet.Expires : longest);
        return new(packet, knowledge, origin, bytes);
    }

    private Stage StageOf(Arrival arrival, int label) =>
        new(label, arrival.Knowledge.Restore(), setup.Averaging(arrival.Packet.AveragingFactor), arrival.Origin, arrival.Knowledge.RestoreFront()) { Packet = arrival.Bytes };

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Random(random);
        writer.Items(waiting, arrival => Write(writer, arrival.Bytes, arrival.Origin.Helper, arrival.Knowledge.LabelId));
        writer.Items(known, entry =>
        {
            writer.Hash(entry.Content);
            writer.Hash(entry.Label);
        });
        writer.Items(ensemble.Stages, stage => Write(writer, stage));
        writer.Items(cold.Values, stage => Write(writer, stage));
        writer.Items(arrivals, writer.Long);
        writer.Floats(ensemble.OwnTrust);
        writer.Items(Revoked, writer.Hash);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        reader.Random(random);
        waiting.Clear();
        waiting.AddRange(reader.Items(() => ReadArrival(reader)));
        known.Clear();
        known.UnionWith(reader.Items(() => (reader.Hash(), reader.Hash())));
        foreach (var stage in reader.Items(() => ReadStage(reader)))
        {
            ensemble.Add(stage);
        }

        foreach (var stage in reader.Items(() => ReadStage(reader)))
        {
            cold[stage.Label] = stage;
        }

        foreach (var (label, count) in reader.Items(reader.Long).Index())
        {
            SnapshotReader.Require(label < arrivals.Length, "it has other classes");
            arrivals[label] = count;
        }

        foreach (var (label, trust) in reader.Floats().Index())
        {
            ensemble.SetOwnTrust(label, trust);
        }

        Revoked.UnionWith(reader.Items(reader.Hash));
    }

    private void Write(SnapshotWriter writer, Stage stage)
    {
        Write(writer, stage.Packet.Span, stage.Origin.Helper, labelIds[stage.Label]);
        writer.Hash(stage.Origin.Content);
        ((IRemembered)stage).Write(writer);
        var (places, values) = lineage.Overwritten(stage);
        writer.Wholes(places);
        writer.Floats(values);
    }

    private static void Write(SnapshotWriter writer, ReadOnlySpan<byte> packet, string helper, ulong label)
    {
        writer.Blob(packet);
        writer.Text(helper);
        writer.Hash(label);
    }

    private Arrival ReadArrival(SnapshotReader reader)
    {
        var (bytes, helper, label) = (reader.Blob(), reader.Text(), reader.Hash());
        var packet = PacketReader.Read(bytes).Knowledge;
        var knowledge = packet?.Classes.FirstOrDefault(knowledge => knowledge.LabelId == label);
        SnapshotReader.Require(knowledge is not null, "a packet lacks its class");
        return ArrivalOf(packet!, knowledge!, bytes, helper); // Just looked at.
    }

    private Stage ReadStage(SnapshotReader reader)
    {
        var arrival = ReadArrival(reader);
        var label = Array.IndexOf(labelIds, arrival.Knowledge.LabelId);
        SnapshotReader.Require(label >= 0, "a specialist is for a class that is unknown here");
        var stage = StageOf(arrival with { Origin = arrival.Origin with { Content = reader.Hash() } }, label);
        ((IRemembered)stage).Read(reader);
        lineage.Remember(stage, reader.Wholes(), reader.Floats());
        return stage;
    }

    private sealed record Arrival(KnowledgePacket Packet, ClassKnowledge Knowledge, PacketOrigin Origin, byte[] Bytes);
}
