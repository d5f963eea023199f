using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Regression;
using FlameEdge.Collaborative.Streams;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Tasklets;

namespace FlameEdge.Collaborative.Roles;

/// <summary>What a site of a job is made of: its rows, its name and seed, its settings, its network.</summary>
internal static class Sources
{
    /// <summary>The job's stored stream, or this worker's dataset.</summary>
    /// <exception cref="TopologyException">The worker has neither.</exception>
    public static async Task<IBatchSource> OpenAsync(RoleContext context, CancellationToken cancellationToken)
    {
        var job = context.Job;
        if (job.Canoe.Stream is { } stream)
        {
            return StreamBench.Open(stream, job.Canoe.StreamData ?? Path.GetDirectoryName(stream)!, StoredSites.NumberOf(context.Worker.Id)); // A file has a folder.
        }

        var dataset = context.Worker.Dataset ?? throw new TopologyException($"{context.Worker.Id} has no rows: set isDataConsumer on role '{context.Worker.Role}', or name a stored stream under canoe");
        var rows = await context.LoadAsync(dataset, cancellationToken);
        var test = job.Evaluation is { } evaluation && job.Canoe.ScoreEvery > 0 ? await context.LoadAsync(evaluation, cancellationToken) : null;
        return job.Canoe.Value is { } value ? new ValueBatches(rows, test, value, job) : new DatasetBatches(rows, test, job);
    }

    /// <summary>Who the site is. A stored stream's seed is the job's, so that a run over a broker draws what a run in memory draws.</summary>
    public static SiteSetup SetupOf(RoleContext context, IBatchSource source) => new()
    {
        Name = context.Worker.Id.Value,
        Classes = source.Classes,
        SampleShape = source.SampleShape,
        Inputs = context.Job.Canoe.Inputs ?? (source as StoredBatches)?.Dataset ?? context.Job.Name.Value,
        Seed = (source as StoredBatches)?.Seed ?? Seeds.Derive(context.Job.Seed, context.Worker.Id.Value, 0),
    };

    /// <summary>What it sends where a share of packets is bad; null for a site that is honest.</summary>
    public static StoredOffers? OffersOf(RoleContext context, IBatchSource source) => context.Job.Canoe.Offers is { } share ? (source as StoredBatches)?.Offers(share) : null;

    /// <summary>How it learns: the job's terms, and a stored stream's own figures for replay.</summary>
    public static CanoeSettings SettingsOf(RoleContext context, IBatchSource source) =>
        source is StoredBatches stored ? stored.Settings(CanoeTerms.SettingsOf(context.Job.Canoe)) : CanoeTerms.SettingsOf(context.Job.Canoe);

    /// <summary>The site, with a network of its own that it does not dispose: of classes, or of regions of a value.</summary>
    public static ISite SiteOf(RoleContext context, IBatchSource source, ISiteModel model) => source is ValueBatches values
        ? new RegionSite(SetupOf(context, source), values.Regions, model, SettingsOf(context, source), context.Time)
        : new Site(SetupOf(context, source), model, SettingsOf(context, source), context.Time);

    /// <summary>Its network: the stored stream's, or the job's.</summary>
    public static ISiteModel ModelOf(RoleContext context, IBatchSource source) =>
        source is StoredBatches stored ? stored.Model() : SiteModels.Open(context, source);
}
