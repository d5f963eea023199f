using System.Numerics.Tensors;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Runs a stored stream through sites in memory, with packets as bytes and a delay counted in batches.</summary>
internal sealed class StreamRun
{
    private const int RequestBytes = 48;
    private readonly StreamData _data;
    private readonly RunOptions _options;
    private readonly HelperDirectory _directory;
    private readonly Site[] _sites;
    private readonly int[] _position;
    private readonly List<Delivery> _underway = [];
    private readonly Dictionary<ulong, int> _offered = [];
    private long _bytes;

    /// <summary>Sites with one common start, or starts of their own.</summary>
    public StreamRun(StreamData data, RunOptions options)
    {
        (_data, _options) = (data, options);
        _directory = new HelperDirectory("directory", options.Directory, TimeProvider.System);
        _sites = [.. data.Base.Sites.Select(site => NewSite(site.Site))];
        _position = new int[_sites.Length];
    }

    /// <summary>The workload's accuracies, bytes and decisions.</summary>
    public RunResult Run(StreamWorkload workload)
    {
        var targets = workload.Streams.ToDictionary(stream => stream.Site);
        var stages = workload.Streams.Select(stream => stream.Phases.Count > 0 ? stream.Phases[0].Batch : 0).ToArray();
        foreach (var stream in workload.Streams)
        {
            Pretrain(stream.Site, _data.Base.Sites[stream.Site].PretrainBatches);
        }

        var accuracies = workload.Streams.Select(_ => new List<double>()).ToArray();
        List<Verdict> verdicts = [];
        List<int> alarms = [];
        var requests = 0;
        for (var batch = 0; batch < workload.Batches; batch++)
        {
            for (var i = 0; i < workload.Streams.Count; i++)
            {
                var stream = workload.Streams[i];
                Deliver(stream.Site, batch);
                var step = Learn(stream.Site, Batch(stream, batch, workload), asks: batch >= stages[i]);
                if (step.Alarm)
                {
                    alarms.Add(batch);
                }

                verdicts.AddRange(step.Verdicts);
                foreach (var verdict in step.Verdicts)
                {
                    _directory.Take(verdict);
                }

                foreach (var request in step.Requests)
                {
                    requests++;
                    Serve(request, workload, batch, stages.Count(start => start <= batch) - 1);
                }

                accuracies[i].Add(Accuracy(stream.Site, Present(stream, batch)));
            }
        }

        return new RunResult([.. accuracies.Select(list => list.ToArray())], _bytes, requests, alarms, verdicts);
    }

    private Site NewSite(int site)
    {
        var isTarget = site == 0;
        int[] widths = isTarget || _options.HelperHidden is null ? [.. _data.Base.Model.Layers] : [_data.Base.Model.Layers[0], .. _options.HelperHidden, _data.Base.Model.Layers[^1]];
        var start = (ulong)_data.Base.Seed + (_options.HasCommonStart ? 0 : (ulong)site * 1000);
        var setup = new SiteSetup
        {
            Name = $"site-{site}",
            Classes = _data.Base.ClassNames,
            SampleShape = _data.Rows.SampleShape,
            Inputs = _data.Base.Dataset,
            Seed = (ulong)((_data.Base.Seed * 100) + site),
        };
        var model = DenseNetwork.Drawn(start, widths, weightDecay: _data.Base.WeightDecay);
        return new Site(setup, model, _options.Settings with { ReplayPerClass = _data.Base.ReplayPerClass, ReplayedRows = _data.Base.ReplayedPerStep }, TimeProvider.System) { IsAsking = false };
    }

    private void Pretrain(int site, int batches)
    {
        while (_sites[site].Batches < batches)
        {
            Learn(site, Cycle(site), asks: false);
        }
    }

    private SiteStep Learn(int site, IReadOnlyList<int> rows, bool asks)
    {
        _sites[site].IsAsking = asks;
        return _sites[site].Learn(_data.Rows.Features(rows), _data.Rows.Labels(rows));
    }

    private IReadOnlyList<int> Cycle(int site)
    {
        var sequence = _data.Base.Sites[site].Sequence;
        var at = _data.Base.Batch * _position[site]++ % sequence.Count;
        return [.. Enumerable.Range(at, _data.Base.Batch).Select(i => sequence[i % sequence.Count])];
    }

    // A later target of a travelling class goes on with its own rows until its stream begins.
    private IReadOnlyList<int> Batch(SiteStream stream, int batch, StreamWorkload workload) =>
        [.. stream.Rows.Skip(batch * _data.Base.Batch).Take(_data.Base.Batch)];

    private void Deliver(int site, int batch)
    {
        foreach (var delivery in _underway.Where(delivery => delivery.Site == site && delivery.Batch <= batch).ToArray())
        {
            _underway.Remove(delivery);
            if (delivery.Packet is null)
            {
                _sites[site].Decline(delivery.Label);
            }
            else
            {
                _sites[site].Deliver(delivery.Packet, delivery.Helper);
            }
        }
    }

    // Helpers that have no stream of their own are brought to the present only when they are asked.
    private void Serve(KnowledgeRequest request, StreamWorkload workload, int batch, int hop)
    {
        _bytes += RequestBytes;
        var target = int.Parse(request.Target.AsSpan(5), System.Globalization.CultureInfo.InvariantCulture);
        var offers = _options.Offers is null ? null : workload.Offers?[_options.Offers];
        if (offers is not null)
        {
            foreach (var demand in request.Classes)
            {
                var taken = _offered.GetValueOrDefault(demand.LabelId);
                _offered[demand.LabelId] = taken + 1;
                var packet = taken < offers.Count ? Help(1, request with { Classes = [demand] }, batch) : null;
                Send(target, 1, packet is null ? null : Faults.Apply(offers[taken], packet, () => OtherClass(1, request, demand.LabelId, batch), (ulong)((_data.Base.Seed * 1000) + taken)), demand.LabelId, batch);
            }

            return;
        }

        foreach (var site in Candidates(workload, hop, target))
        {
            BringUp(site, batch);
            _directory.Publish(_sites[site].Record());
        }

        var ranked = _directory.Ask(request);
        foreach (var group in request.Classes.GroupBy(demand => ranked.FirstOrDefault(helper => helper.Classes.Contains(demand.LabelId))?.Site))
        {
            var helper = group.Key is null ? 0 : int.Parse(group.Key.AsSpan(5), System.Globalization.CultureInfo.InvariantCulture);
            var packet = group.Key is null ? null : Help(helper, request with { Classes = [.. group] }, batch);
            if (packet is not null && _options.IsUntrained)
            {
                packet = Faults.Apply("random", packet, () => null, (ulong)_data.Base.Seed);
            }

            foreach (var demand in packet is null ? group : group.Take(1))
            {
                Send(target, helper, packet, demand.LabelId, batch);
            }
        }
    }

    private int[] Candidates(StreamWorkload workload, int hop, int target) => workload.Streams.Count > 1
        ? [hop == 0 ? 1 : workload.Streams[hop - 1].Site]
        : [.. Enumerable.Range(0, _sites.Length).Where(site => site != target)];

    private void BringUp(int site, int batch)
    {
        var own = _data.Base.Sites[site].PretrainBatches + batch;
        while (_sites[site].Batches < own && _position[site] < own)
        {
            Learn(site, Cycle(site), asks: false);
        }
    }

    private byte[]? Help(int site, KnowledgeRequest request, int batch)
    {
        BringUp(site, batch);
        return _sites[site].Help(request);
    }

    private byte[]? OtherClass(int site, KnowledgeRequest request, ulong label, int batch)
    {
        var other = _data.Base.Sites[site].Classes.Select(known => SiteSetup.LabelId(_data.Base.ClassNames[known])).First(known => known != label && request.Classes.All(demand => demand.LabelId != known));
        return Help(site, request with { Classes = [new ClassDemand(other, 1)] }, batch);
    }

    private void Send(int target, int helper, byte[]? packet, ulong label, int batch)
    {
        _bytes += packet?.Length ?? 0;
        _underway.Add(new Delivery(target, batch + _options.DelayBatches, packet, $"site-{helper}", label));
    }

    private int[] Present(SiteStream stream, int batch)
    {
        HashSet<int> present = [.. _data.Base.Roles.Base.Intersect(_data.Base.Sites[stream.Site].Classes)];
        present.UnionWith(_data.Base.Sites[stream.Site].Classes);
        foreach (var phase in stream.Phases.Where(phase => phase.Batch <= batch))
        {
            present.UnionWith(phase.Appear);
            present.ExceptWith(phase.Disappear);
        }

        return [.. present];
    }

    // Mean recall over the classes present; those without a test row are left out.
    private double Accuracy(int site, int[] present)
    {
        var test = _data.Test(site);
        var logits = _sites[site].Predict(test.Features);
        var classes = _data.Base.ClassNames.Count;
        var (seen, right) = (new int[classes], new int[classes]);
        for (var row = 0; row < test.Labels.Length; row++)
        {
            seen[test.Labels[row]]++;
            right[test.Labels[row]] += TensorPrimitives.IndexOfMax<float>(logits.AsSpan(row * classes, classes)) == test.Labels[row] ? 1 : 0;
        }

        return present.Where(label => seen[label] > 0).Average(label => (double)right[label] / seen[label]);
    }

    private sealed record Delivery(int Site, int Batch, byte[]? Packet, string Helper, ulong Label);
}
