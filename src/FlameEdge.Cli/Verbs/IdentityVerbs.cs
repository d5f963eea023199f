using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Cli.Output;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Identity;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>identity</c>: a private authority, and the certificates agents, operators, controllers and brokers show each other; or passwords.</summary>
internal static class IdentityVerbs
{
    public static Command Create() => new("identity", "Make out certificates: an authority of one's own, one name each for agents, operators, controllers and brokers.")
    {
        Init(),
        Issue(),
        Rotate(),
        List(),
        Password(),
    };

    private static Option<string> Folder() => new("--folder") { Description = "the authority's folder", DefaultValueFactory = _ => "identity", HelpName = "DIR" };

    private static Option<double> Days()
    {
        var days = new Option<double>("--days") { Description = "how long it is valid", DefaultValueFactory = _ => 30, HelpName = "N" };
        days.Validators.Add(option =>
        {
            if (option.GetValueOrDefault<double>() is not (> 0 and <= 3650))
            {
                option.AddError($"--days {option.Tokens[0].Value}: write a number of days above 0 and up to 3650");
            }
        });
        return days;
    }

    private static Command Init()
    {
        var folder = Folder();
        var verb = new Command("init", "Make an authority; one that is there is never overwritten.") { folder };
        verb.SetAction(parsed =>
        {
            var path = parsed.GetValue(folder)!; // It has a default.
            PrivateAuthority.Create(path, TimeProvider.System);
            parsed.InvocationConfiguration.Output.WriteLine($"an authority in {path}: give ca.pem to everybody, keep ca.key here");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Issue()
    {
        var name = new Argument<string>("NAME") { Description = "the agent's, operator's, controller's or broker's name" };
        var folder = Folder();
        var days = Days();
        var server = new Option<bool>("--server") { Description = "for a broker, with the hosts it is reached by" };
        var hosts = new Option<string[]>("--san") { Description = "a host name or address of a broker; may be given several times", HelpName = "HOST" };
        var verb = new Command("issue", "Issue a first certificate for a name.") { name, server, hosts, days, folder };
        verb.SetAction(parsed =>
        {
            var authority = PrivateAuthority.Open(parsed.GetValue(folder)!, TimeProvider.System); // It has a default.
            Show(parsed, authority.Issue(new IdentityRequest(parsed.GetValue(name)!) // An argument is required.
            {
                IsServer = parsed.GetValue(server),
                Hosts = parsed.GetValue(hosts) ?? [],
                Lifetime = TimeSpan.FromDays(parsed.GetValue(days)),
            }));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Rotate()
    {
        var name = new Argument<string>("NAME") { Description = "whose certificate" };
        var folder = Folder();
        var days = Days();
        var verb = new Command("rotate", "Replace a certificate and its key; the former stays valid until it expires.") { name, days, folder };
        verb.SetAction(parsed =>
        {
            var authority = PrivateAuthority.Open(parsed.GetValue(folder)!, TimeProvider.System); // It has a default.
            Show(parsed, authority.Rotate(parsed.GetValue(name)!, TimeSpan.FromDays(parsed.GetValue(days)))); // An argument is required.
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command List()
    {
        var folder = Folder();
        var verb = new Command("list", "Show every certificate with its serial number and the day it expires.") { folder };
        verb.SetAction(parsed =>
        {
            var table = Terminal.Table("name", "for", "serial", "expires", "");
            foreach (var identity in PrivateAuthority.Open(parsed.GetValue(folder)!, TimeProvider.System).List()) // It has a default.
            {
                var state = identity.Expires < TimeProvider.System.GetUtcNow() ? "expired" : identity.KeyFile is null ? "replaced" : string.Empty;
                var use = identity.IsServer ? $"broker at {string.Join(", ", identity.Hosts)}" : "client";
                table.AddRow(Markup.Escape(identity.Name), Markup.Escape(use), identity.Serial, $"{identity.Expires.UtcDateTime:u}", state);
            }

            Terminal.Show(parsed.InvocationConfiguration.Output, table);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Password()
    {
        var name = new Argument<string>("NAME") { Description = "the user: an agent's, operator's or controller's name" };
        var secret = new Option<string>("--password-file") { Description = "file whose first line is the password", Required = true, HelpName = "FILE" };
        var book = new Option<string>("--out") { Description = "the broker's password file, to which the user is added or in which it gets this password", DefaultValueFactory = _ => "passwords", HelpName = "FILE" };
        var verb = new Command("password", "Give a user a password, for set-ups without certificates; the embedded broker and mosquitto read the file.") { name, secret, book };
        verb.SetAction(parsed =>
        {
            var (user, file) = (parsed.GetValue(name)!, parsed.GetValue(book)!); // An argument is required, the option has a default.
            new PasswordBook(file).Set(user, FirstLine(parsed.GetValue(secret)!)); // It is required.
            parsed.InvocationConfiguration.Output.WriteLine($"{user} has a password in {file}");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static string FirstLine(string file)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault() ?? string.Empty;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the password file {file} cannot be read: {exception.Message}", exception);
        }
    }

    private static void Show(ParseResult parsed, IssuedIdentity issued) =>
        parsed.InvocationConfiguration.Output.WriteLine($"{issued.Name}: {issued.CertificateFile} and {issued.KeyFile}, serial {issued.Serial}, until {issued.Expires.UtcDateTime:u}");
}
