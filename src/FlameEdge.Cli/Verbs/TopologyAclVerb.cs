using System.CommandLine;
using System.CommandLine.Parsing;
using FlameEdge.Agent;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Operating;
using FlameEdge.Cli.Reading;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt;
using FlameEdge.Mqtt.Access;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>topology acl</c>: the least rights at a broker with which a fleet can run its jobs, in that broker's own words.</summary>
internal static class TopologyAclVerb
{
    private readonly record struct Options(
        Argument<string[]> Jobs,
        Option<string[]> Agents,
        Option<bool> Fleet,
        Option<string[]> Controllers,
        Option<string[]> Operators,
        Option<string> Product,
        Option<string[]> Telemetry,
        Option<bool> AnyJob,
        Option<string?> Out,
        Option<string?> Apply,
        Option<Uri?> Management,
        Option<string?> Name);

    public static Command Create()
    {
        var options = new Options(
            new("JOB") { Description = "jobs whose channels the agents may read", Arity = ArgumentArity.ZeroOrMore },
            Names("--agents", "agents that may run any part of the jobs"),
            new("--fleet") { Description = "the agents whose births stand on the broker (--broker)" },
            Names("--controllers", "who hands out work"),
            Names("--operators", "who submits jobs and configures agents"),
            new("--broker-type") { Description = "the product whose words to write", Required = true },
            new("--telemetry") { Description = "a filter of topics agents learn from; %u is the agent's name", HelpName = "FILTER" },
            new("--any-job") { Description = "agents may read the channels of every job, also of those submitted later; without it write the rules again for every new job" },
            new("--out") { Description = "file to write; standard output without it", HelpName = "FILE" },
            new("--apply") { Description = "give the rights to the running broker as this administrator (mosquitto-dynsec, rabbitmq)", HelpName = "NAME" },
            new("--management") { Description = "where RabbitMQ's management plugin listens, for --apply: http://host:15672, or https://host:15671", HelpName = "URL", CustomParser = Web },
            new("--name") { Description = "for --fleet: the operator to look as, where the broker knows users by name", HelpName = "NAME" });
        options.Product.AcceptOnlyFromAmong([.. AccessWriters.All.Keys.Order(StringComparer.Ordinal)]);
        var verb = new Command("acl", "Write the least rights at a broker with which the agents can run the jobs.") { options.Jobs };
        foreach (var option in new Option[] { options.Agents, options.Fleet, options.Controllers, options.Operators, options.Product, options.Telemetry, options.AnyJob, options.Out, options.Apply, options.Management, options.Name })
        {
            verb.Add(option);
        }

        var broker = new BrokerArguments(verb, isRequired: false);
        verb.SetAction((parsed, cancellationToken) => RunAsync(options, broker, parsed, cancellationToken));
        return verb;
    }

    private static Option<string[]> Names(string name, string description) => new(name) { Description = $"{description}; names with commas between them", HelpName = "NAMES" };

    private static async Task<int> RunAsync(Options options, BrokerArguments broker, ParseResult parsed, CancellationToken cancellationToken)
    {
        List<JobPlan> jobs = [];
        foreach (var path in parsed.GetValue(options.Jobs) ?? [])
        {
            var reading = JobFile.Source.Read(path, [], programs: null);
            Reports.Write(parsed.InvocationConfiguration.Error, reading.Found);
            if (reading.Plan is not { } plan)
            {
                return ExitCode.BadJob;
            }

            jobs.Add(plan);
        }

        var product = parsed.GetValue(options.Product)!; // It is required.
        var agents = Split(parsed.GetValue(options.Agents));
        if (parsed.GetValue(options.Fleet))
        {
            agents = [.. agents, .. await FleetAsync(ReadBroker(broker, parsed, "--fleet"), parsed.GetValue(options.Name), cancellationToken)];
        }

        if (agents.Count == 0)
        {
            throw new TopologyException("nobody to give rights to: name agents with --agents a,b,c, or read them from the broker with --fleet");
        }

        var list = AccessRules.For(new AccessRequest
        {
            Prefix = broker.Prefix(parsed),
            Agents = [.. agents.Distinct()],
            Controllers = Split(parsed.GetValue(options.Controllers)),
            Operators = Split(parsed.GetValue(options.Operators)),
            Jobs = jobs,
            AnyJob = parsed.GetValue(options.AnyJob),
            Telemetry = parsed.GetValue(options.Telemetry) ?? [],
        });
        return parsed.GetValue(options.Apply) is { } administrator
            ? await ApplyAsync(product, administrator, () => ReadBroker(broker, parsed, "--apply"), () => ReadManagement(options, broker, parsed), list, parsed, cancellationToken)
            : await WriteAsync(AccessWriters.All[product], list, parsed.GetValue(options.Out), parsed, cancellationToken);
    }

    private static async Task<int> WriteAsync(IAccessWriter writer, AccessList list, string? file, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (file is null)
        {
            await parsed.InvocationConfiguration.Output.WriteAsync(writer.Write(list));
        }
        else
        {
            await File.WriteAllTextAsync(file, writer.Write(list), cancellationToken);
        }

        await parsed.InvocationConfiguration.Error.WriteLineAsync($"rights of {list.Users.Count} users; {writer.Advice}");
        return ExitCode.Ok;
    }

    private static async Task<int> ApplyAsync(
        string product, string administrator, Func<MqttOptions> broker, Func<MqttOptions> management, AccessList list, ParseResult parsed, CancellationToken cancellationToken)
    {
        var refusals = product switch
        {
            "mosquitto-dynsec" => await DynamicSecurity.ApplyAsync(broker(), administrator, list, cancellationToken),
            "rabbitmq" => await RabbitMqManagement.ApplyAsync(management(), administrator, list, cancellationToken),
            _ => throw new TopologyException($"--apply works with mosquitto-dynsec and rabbitmq; for {product} write a file with --out: {AccessWriters.All[product].Advice}"),
        };
        foreach (var refusal in refusals)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(refusal);
        }

        await parsed.InvocationConfiguration.Error.WriteLineAsync($"rights of {list.Users.Count} users given, {refusals.Count} commands refused");
        return refusals.Count == 0 ? ExitCode.Ok : ExitCode.BrokerUnreachable;
    }

    private static MqttOptions ReadBroker(BrokerArguments broker, ParseResult parsed, string what) =>
        broker.IsGiven(parsed) ? broker.Read(parsed) : throw new TopologyException($"{what} needs the broker's address: --broker mqtts://host:port");

    private static MqttOptions ReadManagement(Options options, BrokerArguments broker, ParseResult parsed) =>
        parsed.GetValue(options.Management) is { } address
            ? broker.Read(parsed, address)
            : throw new TopologyException("--apply to RabbitMQ needs the address of its management plugin: --management http://host:15672");

    private static Uri? Web(ArgumentResult argument)
    {
        if (Uri.TryCreate(argument.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            return address;
        }

        argument.AddError($"'{argument.Tokens[0].Value}' is no address of a management plugin; write http://host:15672 or https://host:15671");
        return null;
    }

    private static List<AgentId> Split(string[]? names) =>
        [.. (names ?? []).SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(name => new AgentId(name))];

    /// <summary>Everybody whose birth stands on the broker.</summary>
    private static async Task<IEnumerable<AgentId>> FleetAsync(MqttOptions broker, string? name, CancellationToken cancellationToken)
    {
        // Under a name that is nobody's, where none is given: looking must not push anybody out.
        (broker.SessionExpiry, broker.IsVisit) = (TimeSpan.Zero, true);
        var self = new AgentId(name ?? $"acl-{Guid.NewGuid():n}"[..20]);
        await using var session = await OperatorSession.ConnectAsync(broker, self, new AgentId("controller"), broker.StartTimeout, cancellationToken);
        var found = await FleetReading.ReadAsync(session, cancellationToken);
        return found.Count > 0
            ? found.Select(agent => new AgentId(agent.Birth.Agent))
            : throw new TopologyException($"no agent's birth could be read as '{self}': where the broker knows users, look as an operator (--name), who may read {broker.Prefix}/fleet/#, or name the agents with --agents");
    }
}
