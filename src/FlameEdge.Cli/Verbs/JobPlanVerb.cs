using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Operating;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Reading;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using FlameEdge.Topology.Checks;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>job plan</c>: workers, their places, topics and bytes of a round, and what will not fit; nothing is touched.</summary>
internal static class JobPlanVerb
{
    public static Command Create()
    {
        var verb = new Command("plan", "Show where a job's workers would run and what will not fit, before anything is touched.");
        var job = new JobArguments(verb, JobFile.Source);
        var asking = new OperatorArguments(verb, isBrokerRequired: false);
        var profiles = new Option<string?>("--profiles") { Description = "without a broker: plan against one agent of every class in this folder of firmware profiles", HelpName = "DIR" };
        verb.Add(profiles);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var reading = job.ReadWhole(parsed, programs: null);
            if (reading.Plan is not { } plan)
            {
                return ExitCode.BadJob;
            }

            var folder = parsed.GetValue(profiles);
            IReadOnlyList<PlacementOffer> offers;
            if (asking.HasBroker(parsed))
            {
                await using var session = await asking.ConnectAsync(parsed, cancellationToken);
                var fleet = await FleetReading.ReadAsync(session, cancellationToken);
                offers = FleetReading.Offers(fleet);
                plan = Filled(plan, reading, job.Path(parsed), offers);
            }
            else
            {
                offers = folder is null ? FleetReading.OfJob(plan) : FleetReading.OfProfiles(folder, plan.Job);
            }

            var planned = FleetPlan.Of(plan, offers);
            (asking.IsJson(parsed) ? (Action<TextWriter, JobPlan, FleetPlan>)WriteJson : WriteTable)(parsed.InvocationConfiguration.Output, plan, planned);
            return planned.Workers.All(worker => worker.Agent is not null) ? ExitCode.Ok : ExitCode.BadJob;
        });
        return verb;
    }

    // Patterns stand for what the fleet has on board at this moment.
    private static JobPlan Filled(JobPlan plan, Agent.Reading.JobReading reading, string path, IReadOnlyList<PlacementOffer> offers)
    {
        if (!plan.Job.Datasets.Values.Any(dataset => dataset.OnBoard is not null))
        {
            return plan;
        }

        var text = JobParcel.Of(reading, path, isWithData: false).Text;
        return PatternFilling.Fill(text, [.. offers.SelectMany(offer => offer.Birth.Datasets)]) is { } job
            ? Expansion.Expand(job)
            : throw new TopologyException($"no agent that is there has datasets {string.Join(", ", plan.Job.Datasets.Values.Select(dataset => dataset.OnBoard).OfType<string>())} on board; the job would wait for them");
    }

    private static void WriteTable(TextWriter output, JobPlan plan, FleetPlan planned)
    {
        var table = Terminal.Table("worker", "dataset", "agent", "groups", "why not");
        foreach (var (worker, agent, why) in planned.Workers)
        {
            var groups = string.Join(", ", worker.Groups.Select(pair => $"{pair.Key}: {pair.Value}"));
            table.AddRow(Markup.Escape(worker.Id.Value), Markup.Escape(worker.Dataset?.Value ?? "-"), Markup.Escape(agent ?? "-"), Markup.Escape(groups), Markup.Escape(why ?? ""));
        }

        Terminal.Show(output, table);
        foreach (var channel in plan.Job.Graph.Channels)
        {
            output.WriteLine($"topics: data/{plan.Job.Name}/{channel.Name}/{{{string.Join(",", channel.Groups.Take(6))}{(channel.Groups.Count > 6 ? ",…" : "")}}}/AGENT/WORKER/TO, at most {TopicLength.OnChannel(plan.Job, channel)} bytes long");
        }

        output.WriteLine(planned.RoundBytes is { } bytes ? $"bytes over the broker in a round: {bytes:N0}" : "bytes in a round: known only with the data; write model.input and model.classes to see them here");
        var misfits = planned.Workers.Count(worker => worker.Agent is null);
        output.WriteLine(misfits == 0 ? $"{plan.Job.Name} fits: {planned.Workers.Count} workers" : $"{plan.Job.Name} does not fit: {misfits} of {planned.Workers.Count} workers have no place");
    }

    private static void WriteJson(TextWriter output, JobPlan plan, FleetPlan planned)
    {
        using var text = new JsonText(output);
        var json = text.Json;
        json.WriteStartObject();
        json.WriteString("job", plan.Job.Name.Value);
        json.WriteBoolean("fits", planned.Workers.All(worker => worker.Agent is not null));
        json.WriteStartArray("workers");
        foreach (var (worker, agent, why) in planned.Workers)
        {
            json.WriteStartObject();
            json.WriteString("id", worker.Id.Value);
            json.WriteString("dataset", worker.Dataset?.Value);
            json.WriteString("agent", agent);
            json.WriteString("why", why);
            json.WriteEndObject();
            text.Drain();
        }

        json.WriteEndArray();
        json.WriteStartObject("topicBytes");
        foreach (var channel in plan.Job.Graph.Channels)
        {
            json.WriteNumber(channel.Name.Value, TopicLength.OnChannel(plan.Job, channel));
        }

        json.WriteEndObject();
        if (planned.RoundBytes is { } bytes)
        {
            json.WriteNumber("roundBytes", bytes);
        }

        json.WriteEndObject();
    }
}
