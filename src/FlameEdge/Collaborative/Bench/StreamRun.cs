using System.Globalization;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Collaborative.Streams;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Runs a stored stream through sites in memory, with packets as bytes and a delay counted in batches.</summary>
internal sealed class StreamRun
{
    private const int RequestBytes = 48;
    private const int ShownBefore = 10;
    private readonly StreamData data;
    private readonly RunOptions options;
    private readonly HelperDirectory directory;
    private readonly Site[] sites;
    private readonly int[] position;
    private readonly List<Delivery> underway = [];
    private readonly Dictionary<ulong, int> offered = [];
    private readonly Dictionary<ulong, string> names;
    private readonly List<StoryLine> story = [];
    private float[] start = [];
    private long bytes;

    /// <summary>Sites with one common start, or starts of their own.</summary>
    public StreamRun(StreamData data, RunOptions options)
    {
        (this.data, this.options) = (data, options);
        this.directory = new HelperDirectory("directory", options.Directory, TimeProvider.System);
        this.names = data.Base.ClassNames.ToDictionary(SiteSetup.LabelId);
        this.sites = [.. data.Base.Sites.Select(site => NewSite(site.Site))];
        position = new int[this.sites.Length];
    }

    /// <summary>The workload's accuracies, bytes and decisions.</summary>
    public RunResult Run(StreamWorkload workload, CancellationToken cancellationToken = default)
    {
        var result = new RunResult([.. workload.Streams.Select(_ => new List<double>())]);
        foreach (var stream in workload.Streams)
        {
            Pretrain(stream.Site, this.data.Base.Sites[stream.Site].PretrainBatches, stream.Site == 0 ? result.Before : []);
        }

        for (var batch = 0; batch < workload.Batches; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < workload.Streams.Count; i++)
            {
                var stream = workload.Streams[i];
                Advance(workload, stream, batch, result);
                result.Accuracies[i].Add(TargetAccuracy(stream, batch));
            }
        }

        result.PayloadBytes = this.bytes;
        result.Story.AddRange(this.story);
        return result;
    }

    /// <summary>The networks of all sites.</summary>
    public IReadOnlyList<DenseNetwork> Networks => [.. this.sites.Select(site => site.Ensemble.Model).Cast<DenseNetwork>()];

    /// <summary>Lets every site but one learn the next batch of its own rows.</summary>
    public void CycleAll(int except)
    {
        for (var site = 0; site < this.sites.Length; site++)
        {
            if (site != except)
            {
                Learn(site, Cycle(site), asks: false);
            }
        }
    }

    /// <summary>Lets a stream's site learn a batch of it, and ask nobody.</summary>
    public void LearnBatch(SiteStream stream, int batch) => Learn(stream.Site, Rows(stream, batch), asks: false);

    /// <summary>Lets a stream's site learn a batch together with the next batches of all other sites, as if their rows had been sent to it; before the change (no stream) its own next batch too.</summary>
    public void LearnTogether(SiteStream? stream, int batch)
    {
        var others = Enumerable.Range(0, this.sites.Length).Where(site => stream is null || site != stream.Site).SelectMany(Cycle).ToArray();
        Learn(stream?.Site ?? 0, stream is null ? others : [.. Rows(stream, batch), .. others], asks: false);
    }

    /// <summary>Macro accuracy of a stream's site on the classes that are present in a batch.</summary>
    public double TargetAccuracy(SiteStream stream, int batch) => Accuracy(stream.Site, StreamData.Present(this.data.Base.Sites[stream.Site], stream, batch));

    // A site asks from the batch on at which its world changes: before, there is nothing that it could be asked to compare.
    private void Advance(StreamWorkload workload, SiteStream stream, int batch, RunResult result)
    {
        Deliver(stream.Site, batch);
        if (batch == this.options.DelayBatches)
        {
            Write(stream.Site, batch);
        }

        var change = stream.Phases.Count == 0 ? 0 : stream.Phases[0].Batch;
        var step = Learn(stream.Site, Rows(stream, batch), asks: batch >= change);
        result.Steps.Add((batch, step));
        if (step.Alarm)
        {
            result.Alarms.Add(batch);
            Tell(batch, "drift", stream.Site, "more errors than its own past explains");
        }

        result.Verdicts.AddRange(step.Verdicts);
        foreach (var verdict in step.Verdicts)
        {
            this.directory.Take(verdict);
            Tell(batch, "verdict", stream.Site, $"{NameOf(verdict.LabelId)} from {verdict.Helper}: {(verdict.IsAccepted ? "in use" : Reason(verdict))}");
        }

        var hop = workload.Streams.Count(other => other.Phases.Count > 0 && other.Phases[0].Batch <= batch) - 1;
        foreach (var request in step.Requests)
        {
            Serve(request, workload, batch, hop);
        }
    }

    private IReadOnlyList<int> Rows(SiteStream stream, int batch) => this.data.RowsOf(stream, batch);

    // What other methods do when a class is new: something of the right helper is written into the network, whatever becomes of the rest.
    private void Write(int site, int batch)
    {
        if (this.options.Transfer == Transfer.None)
        {
            return;
        }

        BringUp(1, batch);
        var (model, helper) = (this.sites[site].Ensemble.Model, this.sites[1].Ensemble.Model);
        var parameters = model.Parameters.ToArray();
        this.bytes += RequestBytes;
        switch (this.options.Transfer)
        {
            case Transfer.OutputRow:
                foreach (var label in this.data.Base.Roles.New)
                {
                    CopyRow(helper, parameters, label);
                }

                break;
            case Transfer.AlignedDelta:
                WriteDeltas(site, parameters);
                break;
            default:
                helper.Parameters.CopyTo(parameters);
                this.bytes += 4 * parameters.Length;
                break;
        }

        model.Load(parameters);
    }

    private void CopyRow(ISiteModel helper, float[] parameters, int label)
    {
        var last = helper.Layers[^1];
        last.Row(helper.Parameters, label).CopyTo(parameters.AsSpan(last.Offset + (label * last.Inputs)));
        parameters[last.BiasOffset + label] = last.Biases(helper.Parameters)[label];
        this.bytes += 4 * (last.Inputs + 1);
    }

    private void WriteDeltas(int site, float[] parameters)
    {
        var record = this.sites[site].Record();
        var packet = this.sites[1].Help(new KnowledgeRequest
        {
            Target = Name(site),
            Classes = [.. this.data.Base.Roles.New.Select(label => new ClassDemand(SiteSetup.LabelId(this.data.Base.ClassNames[label]), 1))],
            Counts = new Dictionary<ulong, double>(),
            InputContract = record.InputContract,
            Lineage = record.Lineage,
        });
        if (packet is null || PacketReader.Read(packet).Knowledge is not { } knowledge)
        {
            return;
        }

        // The deltas alone: a specialist travels with them here, and is not used.
        this.bytes += packet.Length - PacketWriter.Write(knowledge with { Classes = [.. knowledge.Classes.Select(known => known with { Aligned = null })] }).Length;
        foreach (var known in knowledge.Classes.Where(known => known.Aligned is not null))
        {
            var label = this.data.Base.Roles.New.First(label => SiteSetup.LabelId(this.data.Base.ClassNames[label]) == known.LabelId);
            this.sites[site].Ensemble.Model.Load(parameters);
            AlignedExtractor.Apply(known.Aligned!, this.sites[site].Ensemble.Model, this.start, label)?.CopyTo(parameters, 0);
        }
    }

    private Site NewSite(int site)
    {
        var isTarget = site == 0;
        int[] widths = isTarget || this.options.HelperHidden is null ? [.. this.data.Base.Model.Layers] : [this.data.Base.Model.Layers[0], .. this.options.HelperHidden, this.data.Base.Model.Layers[^1]];
        var start = (ulong)this.data.Base.Seed + (this.options.HasCommonStart ? 0 : (ulong)site * 1000);
        var setup = new SiteSetup
        {
            Name = Name(site),
            Classes = this.data.Base.ClassNames,
            SampleShape = this.data.Rows.SampleShape,
            Inputs = this.data.Base.Dataset,
            Seed = (ulong)((this.data.Base.Seed * 100) + site),
        };
        var model = DenseNetwork.Drawn(start, widths, weightDecay: this.data.Base.WeightDecay);
        var engine = isTarget ? this.options.TargetEngine : this.options.HelperEngine;
                this.start = isTarget ? model.Parameters.ToArray() : this.start;
        return new Site(setup, engine?.Invoke(model) ?? model, this.options.Settings with { ReplayPerClass = this.data.Base.ReplayPerClass, ReplayedRows = this.data.Base.ReplayedPerStep }, TimeProvider.System) { IsAsking = false };
    }

    private void Pretrain(int site, int batches, List<double> accuracies)
    {
        while (this.sites[site].Batches < batches)
        {
            Learn(site, Cycle(site), asks: false);
            if (site == 0 && this.sites[site].Batches > batches - ShownBefore)
            {
                accuracies.Add(Accuracy(site, [.. this.data.Base.Sites[site].Classes]));
            }
        }
    }

    private SiteStep Learn(int site, IReadOnlyList<int> rows, bool asks)
    {
        this.sites[site].IsAsking = asks;
        return this.sites[site].Learn(this.data.Rows.Features(rows), this.data.Rows.Labels(rows));
    }

    private IReadOnlyList<int> Cycle(int site) => this.data.Cycle(site, position[site]++);

    private void Deliver(int site, int batch)
    {
        foreach (var delivery in underway.Where(delivery => delivery.Site == site && delivery.Batch <= batch).ToArray())
        {
            underway.Remove(delivery);
            if (delivery.Packet is null)
            {
                this.sites[site].Decline(delivery.Label);
            }
            else
            {
                this.sites[site].Deliver(delivery.Packet, delivery.Helper);
            }
        }
    }

    private void Serve(KnowledgeRequest request, StreamWorkload workload, int batch, int hop)
    {
        this.bytes += RequestBytes;
        var target = SiteOf(request.Target);
        if (!request.WantsModel)
        {
            Tell(batch, "drift", target, $"rows of {Named(request)}, hardly or never seen here");
        }

        Tell(batch, "request", target, request.WantsModel ? "a whole model" : Named(request));
        if (this.options.Offers is not null && workload.Offers?.GetValueOrDefault(this.options.Offers) is { } offers)
        {
            foreach (var demand in request.Classes)
            {
                Offer(offers, request with { Classes = [demand] }, target, batch);
            }

            return;
        }

        foreach (var site in Candidates(workload, hop, target))
        {
            BringUp(site, batch);
            this.directory.Publish(this.sites[site].Record());
        }

        var ranked = this.directory.Ask(request);
        if (request.WantsModel)
        {
            if (ranked.Count > 0)
            {
                Send(target, ranked[0].Site, Help(SiteOf(ranked[0].Site), request, batch), 0, batch);
            }

            return;
        }

        foreach (var group in request.Classes.GroupBy(demand => ranked.FirstOrDefault(helper => helper.Classes.Contains(demand.LabelId))?.Site))
        {
            ServeFrom(group.Key, request with { Classes = [.. group] }, target, batch);
        }
    }

    private void ServeFrom(string? helper, KnowledgeRequest request, int target, int batch)
    {
        var packet = helper is null ? null : Help(SiteOf(helper), request, batch);
        if (packet is null)
        {
            foreach (var demand in request.Classes)
            {
                Send(target, "", null, demand.LabelId, batch);
            }

            return;
        }

        Send(target, helper!, this.options.IsUntrained ? Faults.Apply("random", packet, () => null, (ulong)this.data.Base.Seed) : packet, 0, batch); // A packet has a sender.
    }

    // Stored offers come from the right helper, in their order, one class each.
    private void Offer(IReadOnlyList<string?> offers, KnowledgeRequest request, int target, int batch)
    {
        var label = request.Classes[0].LabelId;
        var taken = offered.GetValueOrDefault(label);
        offered[label] = taken + 1;
        var packet = taken < offers.Count ? Help(1, request, batch) : null;
        Send(target, Name(1), packet is null ? null : Faults.Apply(offers[taken], packet, () => OtherClass(1, request, batch), (ulong)((this.data.Base.Seed * 1000) + taken)), label, batch);
    }

    private int[] Candidates(StreamWorkload workload, int hop, int target) => workload.Streams.Count > 1
        ? [hop == 0 ? 1 : workload.Streams[hop - 1].Site]
        : [.. Enumerable.Range(0, this.sites.Length).Where(site => site != target)];

    // Sites without a stream of their own are brought to the present only when they are asked.
    private void BringUp(int site, int batch)
    {
        var own = this.data.Base.Sites[site].PretrainBatches + batch;
        while (this.sites[site].Batches < own && position[site] < own)
        {
            Learn(site, Cycle(site), asks: false);
        }
    }

    private byte[]? Help(int site, KnowledgeRequest request, int batch)
    {
        BringUp(site, batch);
        return this.sites[site].Help(request);
    }

    private byte[]? OtherClass(int site, KnowledgeRequest request, int batch)
    {
        var other = this.data.Base.Sites[site].Classes.Where(known => !this.data.Base.Roles.New.Contains(known)).Select(known => SiteSetup.LabelId(this.data.Base.ClassNames[known])).First();
        return Help(site, request with { Classes = [new ClassDemand(other, 1)] }, batch);
    }

    private void Send(int target, string helper, byte[]? packet, ulong label, int batch)
    {
        this.bytes += packet?.Length ?? 0;
        if (packet is not null)
        {
            Tell(batch + this.options.DelayBatches, "packet", target, $"{packet.Length} bytes from {helper}");
        }

        underway.Add(new Delivery(target, batch + this.options.DelayBatches, packet, helper, label));
    }

    private void Tell(int batch, string kind, int site, string text) => this.story.Add(new StoryLine(batch + 1, kind, Name(site), text));

    private string Named(KnowledgeRequest request) => string.Join(", ", request.Classes.Select(demand => NameOf(demand.LabelId)));

    private string NameOf(ulong label) => this.names.GetValueOrDefault(label, "?");

    private static string Reason(Verdict verdict) => string.Concat(verdict.Refusal.ToString()!.Select((letter, i) => char.IsUpper(letter) && i > 0 ? $" {char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));

    private static string Name(int site) => $"site-{site}";

    private static int SiteOf(string name) => int.Parse(name.AsSpan("site-".Length), CultureInfo.InvariantCulture);

    private double Accuracy(int site, int[] present)
    {
        var test = this.data.Test(site);
        return new TestRows(test.Features, test.Labels, present).Accuracy(this.sites[site].Predict(test.Features), this.data.Base.ClassNames.Count);
    }

    private sealed record Delivery(int Site, int Batch, byte[]? Packet, string Helper, ulong Label);
}
