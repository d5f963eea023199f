using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

/// <summary>
/// Jobs that cannot work. Each row changes one text of a sound job; § marks the place the message must name, and the last two columns
/// what it must say: the element with its fault, and the remedy.
/// </summary>
public class RefusedJobTests
{
    public static TheoryData<string, string, string, string> Rows => new()
    {
        // names
        { "\"name\": \"m\", \"rep", "\"name\": §\"M\", \"rep", "role 'M' cannot be a topic level", "did you mean 'm'?" },
        { "\"name\": \"m\", \"rep", "\"name\": §\"state\", \"rep", "role 'state' cannot be a topic level", "none of here, spec, state" },
        { "{ \"name\": \"param\",", "{ \"name\": §\"a/+/#\",", "channel 'a/+/#' cannot be a topic level", "use 1 to 36 of a-z" },
        { "[ \"eu\", \"na\" ],", "[ \"eu\", \"na\", §\"#\" ],", "group '#' cannot be a topic level", "use 1 to 36 of a-z" },
        { "\"three-tiers\"", "§\"日本\"", "job '日本' cannot be a topic level", "use 1 to 36 of a-z" },
        { "\"d-3\" ],\n  \"r", "\"d-3\", §\"D 4\" ],\n  \"r", "dataset 'D 4' cannot be a topic level", "did you mean 'd-4'?" },
        { "\"name\": \"a\", \"g", "\"name\": §\"m\", \"g", "two roles are named 'm'", "rename one of them" },
        { "{ \"name\": \"global\",", "{ \"name\": §\"param\",", "two channels are named 'param'", "rename one of them" },
        { "\"d-3\" ],\n  \"r", "\"d-3\", §\"d-0\" ],\n  \"r", "two datasets are named 'd-0'", "rename an entry" },
        // pairs
        { "[ \"t\", \"m\" ], \"groupBy\"", "[ \"t\", §\"mm\" ], \"groupBy\"", "channel 'param': pair names the unknown role 'mm'", "did you mean 'm'?" },
        { "[ \"t\", \"m\" ], \"groupBy\"", "§[ \"t\" ], \"groupBy\"", "channel 'param': pair names 1 roles", "name exactly two" },
        { "[ \"t\", \"m\" ], \"groupBy\"", "§[ \"t\", \"m\", \"a\" ], \"groupBy\"", "channel 'param': pair names 3 roles", "name exactly two" },
        { "\"channels\": [", "\"channels\": [ { \"name\": \"spare\", \"pair\": [ \"t\", §\"coach\" ] },", "channel 'spare': pair names the unknown role 'coach'", "declare it under roles" },
        { "\"roles\": [", "\"roles\": [ { \"name\": §\"coach\" },", "role 'coach' stands on no channel", "name it in the pair of one" },
        // function tags
        { "\"fetch\"", "§\"fetsh\"", "channel 'param': unknown function tag 'fetsh' of role 't'", "did you mean 'fetch'?" },
        { "\"m\": [ \"distribute\", \"aggregate\" ]", "§\"n\": [ \"distribute\", \"aggregate\" ]", "channel 'param': funcTags names 'n', which is not of its pair", "name the roles of the pair" },
        { "{ \"name\": \"param\", \"pair\": [ \"t\", \"m\" ], \"groupBy\": [ \"eu\", \"na\" ],\n        \"funcTags\": { \"t\": [ \"fetch\", \"upload\" ], \"m\"", "{ \"name\": §\"param\", \"pair\": [ \"t\", \"m\" ], \"groupBy\": [ \"eu\", \"na\" ],\n        \"funcTags\": { \"t\": [], \"m\"", "channel 'param': funcTags are missing for role 't'", "such as [fetch, upload]" },
        // words
        { "\"groupBy\": \"default\"", "\"backend\": §\"mqqt\"", "channel 'global': unknown backend 'mqqt'", "did you mean 'mqtt'?" },
        { "\"groupBy\": \"default\"", "\"codec\": §\"float23\"", "channel 'global': unknown codec 'float23'", "did you mean 'float32'?" },
        { "\"groupBy\": \"default\"", "\"codec\": §\"top-k\"", "channel 'global': codec 'top-k' must say the share", "such as top-k 1%" },
        { "\"groupBy\": \"default\"", "\"codec\": §\"top-k 0%\"", "channel 'global': codec 'top-k 0%' must say the share", "above 0%" },
        { "\"groupBy\": \"default\"", "\"codec\": §\"int8 12\"", "channel 'global': codec 'int8 12' has no such block", "a multiple of 8" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"up\": [ \"int8\", §\"top-k 1%\" ] }", "channel 'global': codec step 'top-k 1%' cannot stand here", "the order is delta, top-k" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"up\": [ \"int8\", §\"float16\" ] }", "channel 'global': codec step 'float16' cannot stand here", "then one of float32" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"up\": [ \"top-k 1%\", §\"sign\" ] }", "channel 'global': codec 'sign' after top-k", "use float32, float16" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"down\": [ §\"top-k 1%\" ] }", "channel 'global': codec 'top-k 1%' carries changes, and down goes the model", "put delta before it" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"down\": §\"sign\" }", "channel 'global': codec 'sign' carries changes", "put delta before it" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"up\": [ §\"delta\", \"int8\" ] }", "channel 'global': codec 'delta' cannot go up", "remove it" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"up\": [ §{ \"x\": 1 } ] }", "channel 'global': codec is a mapping", "such as top-k 1% + int8" },
        { "\"groupBy\": \"default\"", "\"codec\": { §\"upp\": \"int8\" }", "codec of channel 'global': unknown key 'upp'", "did you mean 'up'?" },
        { "{ \"name\": \"param\", \"pair\"", "{ \"name\": §\"param\", \"codec\": { \"down\": [ \"delta\", \"int8\" ] }, \"pair\"", "channel 'param': codec 'delta + int8' goes down from role 'm', which itself fetches 'float32'", "give channel 'global' the same" },
        { "\"groupBy\": \"default\"", "\"selector\": §\"randm\"", "channel 'global': unknown selector 'randm'", "did you mean 'random'?" },
        { "\"groupBy\": \"default\"", "\"selector\": §\"random\"", "channel 'global': selector: random needs count", "write selector: { kind: random, count: 5 }" },
        { "\"groupBy\": \"default\"", "\"selector\": { \"kind\": §\"power-of-choice\", \"count\": 2, \"overSelect\": 1.5, \"of\": 2 }", "channel 'global': selector: of is 2, fewer than the 3", "raise it" },
        { "\"groupBy\": \"default\"", "\"selector\": { \"kind\": \"random\", \"count\": 1, §\"cutOff\": 0.9 }", "channel 'global': selector: cutOff belongs to kind: oort", "remove it" },
        { "\"groupBy\": \"default\"", "\"selector\": §\"poisson\"", "channel 'global': selector: poisson needs rate", "write selector: { kind: poisson, rate: 0.1 }" },
        { "\"groupBy\": \"default\"", "\"selector\": { \"kind\": \"poisson\", \"rate\": §0 }", "selector: rate is '0'", "a number above 0, at most 1" },
        { "\"groupBy\": \"default\"", "\"selector\": { \"kind\": §\"poisson\", \"rate\": 0.5 }", "channel 'global': selector: poisson draws nobody now and then", "use random" },
        { "\"groupBy\": \"default\"", "\"selector\": { \"kind\": §\"poisson\", \"rate\": 0.5 }", "channel 'global': selector: poisson draws single clients", "straight to the top" },
        { "\"groupBy\": \"default\"", "\"codec\": { \"down\": \"delta\" }, \"selector\": { \"kind\": §\"random\", \"count\": 1 }", "channel 'global': codec 'delta' sends what changed since the round before", "leave delta out" },
        { "\"job\":", "\"backend\": §\"pigeon\", \"job\":", "unknown backend 'pigeon'", "use mqtt, tcp, memory" },
        { "\"job\":", "\"optimizer\": { \"kind\": §\"fedavgg\" }, \"job\":", "unknown optimizer 'fedavgg'", "did you mean 'fedavg'?" },
        { "\"job\":", "\"optimizer\": { \"kind\": \"fedadam\", §\"momentum\": 0.5 }, \"job\":", "optimizer: momentum belongs to kind: fedavgm", "remove it" },
        { "\"job\":", "\"optimizer\": §\"fedprox\", \"job\":", "optimizer: fedprox needs mu", "mu: 0.01" },
        { "\"job\":", "\"optimizer\": { \"kind\": \"fedadam\", \"rate\": §0 }, \"job\":", "optimizer: rate is", "a number above 0" },
        { "\"job\":", "\"optimizer\": §\"fedgft\", \"job\":", "optimizer: fedgft needs fair and feature", "fair: sp, feature: age" },
        { "\"job\":", "\"optimizer\": §{ \"kind\": \"fedgft\", \"fair\": \"sp\" }, \"job\":", "optimizer: fedgft needs fair and feature", "feature: age" },
        { "\"job\":", "\"optimizer\": { \"kind\": \"fedgft\", \"fair\": §\"eopp\", \"feature\": \"age\" }, \"job\":", "optimizer: unknown fair 'eopp'", "did you mean 'eop'?" },
        { "\"job\":", "\"optimizer\": { \"kind\": \"fedgft\", \"fair\": \"sp\", \"feature\": \"age\", \"gamma\": §-1 }, \"job\":", "optimizer: gamma is '-1'", "auto, or a number of at least 0" },
        { "\"job\":", "\"training\": { \"loss\": \"huber\" }, \"optimizer\": { \"kind\": §\"fedgft\", \"fair\": \"sp\", \"feature\": \"age\" }, \"job\":", "optimizer: fedgft adds to the cross-entropy", "set training.loss: cross-entropy" },
        { "\"job\":", "\"optimizer\": { \"kind\": \"fedgft\", \"fair\": \"sp\", \"feature\": \"age\" }, \"sampler\": §\"fedbalancer\", \"job\":", "optimizer: fedgft weighs each against all others", "remove sampler" },
        { "\"job\":", "\"robust\": §\"krum\", \"job\":", "robust: krum needs attackers", "attackers: 1" },
        { "\"job\":", "\"robust\": §\"mediam\", \"job\":", "robust: unknown kind 'mediam'", "did you mean 'median'?" },
        { "\"job\":", "\"robust\": \"median\", \"optimizer\": §\"scaffold\", \"job\":", "optimizer: scaffold sends more than a change, which robust: median cannot judge", "use fedavg" },
        { "\"job\":", "\"training\": { \"momentum\": 0.9 }, \"optimizer\": §\"scaffold\", \"job\":", "optimizer: scaffold takes the way of the local steps", "set training.momentum: 0" },
        { "\"job\":", "\"privacy\": §{ \"kind\": \"server\", \"clip\": 1 }, \"job\":", "privacy needs noise", "noise: 1.0" },
        { "\"job\":", "\"privacy\": { \"kind\": §\"sever\", \"clip\": 1, \"noise\": 1 }, \"job\":", "privacy: unknown kind 'sever'", "did you mean 'server'?" },
        { "\"job\":", "\"privacy\": { \"kind\": \"server\", \"clip\": 1, \"noise\": 1, \"delta\": §2 }, \"job\":", "privacy: delta is", "above 0 and below 1" },
        { "\"job\":", "\"privacy\": { \"kind\": \"server\", \"clip\": 1, \"noise\": 1 }, \"optimizer\": §\"scaffold\", \"job\":", "optimizer: scaffold tells more of a client than the change that privacy hides", "use fedavg" },
        { "\"job\":", "\"personal\": §{ \"kind\": \"ditto\" }, \"job\":", "personal: ditto needs lambda", "write personal: { kind: ditto, lambda: 0.1 }" },
        { "\"job\":", "\"personal\": { \"kind\": §\"dito\" }, \"job\":", "personal: unknown kind 'dito'", "did you mean 'ditto'?" },
        { "\"job\":", "\"personal\": { \"kind\": \"fedper\", \"tensors\": \"head\" }, \"optimizer\": §\"scaffold\", \"job\":", "optimizer: scaffold takes all tensors for shared ones", "use fedavg" },
        { "\"job\":", "\"sampler\": §\"fedbalance\", \"job\":", "sampler: unknown kind 'fedbalance'", "did you mean 'fedbalancer'?" },
        { "\"job\":", "\"sampler\": { \"kind\": \"fedbalancer\", \"window\": §0 }, \"job\":", "sampler: window is '0'", "from 1 to 10000" },
        { "\"job\":", "\"sampler\": { \"kind\": \"fedbalancer\", §\"windw\": 5 }, \"job\":", "sampler: unknown key 'windw'", "did you mean 'window'?" },
        { "\"job\":", "\"privacy\": { \"kind\": \"server\", \"clip\": 1, \"noise\": 1 }, \"sampler\": §\"fedbalancer\", \"job\":", "sampler: fedbalancer tells losses of single rows", "remove one of them" },
        { "\"job\":", "\"secureAggregation\": {}, \"sampler\": §\"fedbalancer\", \"job\":", "which secureAggregation hides", "remove one of them" },
        { "\"job\":", "\"optimizer\": \"scaffold\", \"sampler\": §\"fedbalancer\", \"job\":", "optimizer: scaffold remembers where its data pull", "use another optimizer" },
        { "\"job\":", "\"personal\": { \"kind\": \"ditto\", \"lambda\": 0.1 }, \"sampler\": §\"fedbalancer\", \"job\":", "personal: ditto trains a second model on all rows", "remove one of them" },
        { "\"job\":", "\"training\": { \"steps\": 5 }, \"sampler\": §\"fedbalancer\", \"job\":", "role 't' counts training.steps", "use training.epochs" },
        { "\"replica\": 1", "§\"replcia\": 1", "role: unknown key 'replcia'", "did you mean 'replica'?" },
        // associations
        { "{ \"param\": \"na\" } ],\n", "{ §\"parm\": \"na\" } ],\n", "role 't': unknown channel 'parm'", "did you mean 'param'?" },
        { "{ \"param\": \"na\" } ],\n", "{ \"param\": \"na\", §\"global\": \"default\" } ],\n", "role 't': its groupAssociation names channel 'global', whose pair does not hold the role", "its channels are param" },
        { "{ \"param\": \"na\" } ],\n", "{ \"param\": §\"nq\" } ],\n", "role 't': unknown group 'nq' of channel 'param'", "did you mean 'na'?" },
        { "{ \"param\": \"na\" } ],\n", "§{ } ],\n", "role 't': this groupAssociation names no group for channel 'param'", "name one of eu, na" },
        { "\"name\": \"m\", \"replica\": 1, \"groupAssociation\": [ { \"param\": \"eu\", \"global\": \"default\" }, { \"param\": \"na\", \"global\": \"default\" } ]", "\"name\": §\"m\", \"groupAssociation\": []", "role 'm' expands to nobody", "name its group on each of its channels (param, global)" },
        { "[ { \"param\": \"eu\", \"global\": \"default\" }, { \"param\": \"na\", \"global\": \"default\" } ]", "[ { \"param\": \"eu\", \"global\": \"default\" } ]", "channel 'param': group 'na' has 2 of role 't' but nobody of role 'm'", "let 'm' join it too" },
        { "\"na\": [ \"d-2\", \"d-3\" ], ", "", "channel 'param': group 'na' has 1 of role 'm' but nobody of role 't'", "let 't' join it too" },
        { "[ \"eu\", \"na\" ],", "[ \"eu\", \"na\", §\"eu\" ],", "channel 'param': the group 'eu' is listed twice", "list it once" },
        // datasets
        { "\"na\": [ \"d-2\"", "§\"uk\": [ \"d-2\"", "role 't': no groupAssociation knows the dataset group 'uk'", "add one that names it" },
        { "[ { \"param\": \"eu\" }, { \"param\": \"na\" } ]", "[ { \"param\": \"eu\" }, { \"param\": \"na\" }, { \"param\": \"na\", \"up\": \"na\" } ]", "role 't': unknown channel 'up'", "its channels are param" },
        { "[ \"d-2\", \"d-3\" ], ", "[ \"d-2\", §\"d-33\" ], ", "role 't': unknown dataset 'd-33' in group 'na'", "did you mean 'd-3'?" },
        { "[ \"d-2\", \"d-3\" ], ", "[ \"d-2\", §\"d-2\" ], ", "role 't': the dataset 'd-2' is given twice", "name it once" },
        { "\"na\": [ \"d-2\", \"d-3\" ]", "§\"na\": []", "role 't': the dataset group 'na' is empty", "name its datasets" },
        { "\"name\": \"a\",", "\"name\": \"a\", \"datasets\": { §\"eu\": [ \"d-0\" ] },", "role 'a' consumes no data but is given datasets", "set isDataConsumer: true" },
        { "\"name\": \"a\",", "\"name\": §\"a\", \"isDataConsumer\": true, \"datasets\": {},", "role 'a' consumes data but has no datasets", "give it some" },
        { "\"replica\": 1", "\"isDataConsumer\": true, \"datasets\": { \"eu\": [ \"d-0\" ] }, \"replica\": §1", "role 'm': replica has no meaning", "remove it" },
        { "\"isDataConsumer\": true,", "", "no role consumes data", "set isDataConsumer: true" },
        { "\"job\":", "\"evaluation\": §\"d-44\", \"job\":", "evaluation names the unknown dataset 'd-44'", "declare it under datasets" },
        // settings
        { "\"replica\": 1", "\"replica\": §0", "role: replica is '0'", "a whole number from 1" },
        { "\"quorum\": 2", "\"quorum\": §5", "rounds: quorum is 5, but no aggregator hears more than 2 workers", "lower it" },
        { "\"quorum\": 2", "\"quorum\": §\"120%\"", "rounds: quorum is '120%'", "a share such as 80%" },
        { "\"quorum\": 2", "\"deadline\": §\"60\"", "rounds: deadline is '60'", "a time such as 500ms, 60s" },
        { "\"job\":", "\"training\": { \"learningRate\": §0 }, \"job\":", "training: learningRate is '0'", "a number above 0" },
        { "\"job\":", "\"training\": { \"batchSize\": §\"some\" }, \"job\":", "training: batchSize is 'some'", "a whole number of at least 1" },
        { "\"job\":", "\"training\": { \"optimizer\": §\"adm\" }, \"job\":", "training: unknown optimizer 'adm'", "did you mean 'adam'?" },
        { "\"job\":", "\"training\": { \"loss\": §\"hinge\" }, \"job\":", "training: unknown loss 'hinge'", "use cross-entropy, binary-cross-entropy" },
        { "\"job\":", "\"training\": { \"nesterov\": §true }, \"job\":", "training: nesterov needs a momentum above 0", "set momentum" },
        { "\"job\":", "\"training\": { \"optimizer\": \"adam\", \"nesterov\": §true }, \"job\":", "training: nesterov belongs to optimizer: sgd", "remove it" },
        { "\"job\":", "\"training\": { \"optimizer\": \"adamw\", \"momentum\": §0.9 }, \"job\":", "training: momentum belongs to optimizer: sgd", "remove it" },
        { "\"job\":", "\"training\": { \"beta2\": §0.99 }, \"job\":", "training: beta2 belongs to optimizer: adam or adamw", "remove it" },
        { "\"job\":", "\"training\": { \"huberDelta\": §2 }, \"job\":", "training: huberDelta belongs to loss: huber", "remove it" },
        { "\"job\":", "\"training\": { \"clipNorm\": §0 }, \"job\":", "training: clipNorm is '0'", "a number above 0" },
        { "\"name\": \"a\",", "\"name\": \"a\", \"settings\": { \"optimizer\": \"adam\", \"momentum\": §0.5 },", "settings of role 'a': momentum belongs to optimizer: sgd", "remove it" },
        { "\"name\": \"a\",", "\"name\": \"a\", \"settings\": { §\"learningrate\": 1 },", "settings of role 'a': unknown key 'learningrate'", "did you mean 'learningRate'?" },
        { "\"job\":", "\"model\": { \"kind\": §\"transformer\" }, \"job\":", "model: unknown kind 'transformer'", "use softmax, mlp, lenet, onnx" },
        { "\"job\":", "\"model\": §{ \"kind\": \"onnx\" }, \"job\":", "model: path is missing", "name the ONNX file" },
        { "\"job\":", "\"seed\": §-1, \"job\":", "job: seed is '-1'", "a whole number of at least 0" },
        { "\"three-tiers\",", "\"three-tiers\", §\"job\": \"again\",", "the key 'job' stands here twice", "keep one" },
        { "\"three-tiers\"", "§\"${nmae}\", \"parameters\": { \"name\": \"x\" }", "unknown parameter 'nmae'", "did you mean 'name'?" },
        { "\"topology\": {", "\"topology\": §7, \"spare\": {", "job: topology is '7'", "a mapping" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Names_the_element_its_place_and_the_remedy(string text, string change, string fault, string remedy)
    {
        var original = JobTexts.ThreeTiers.ReplaceLineEndings("\n");
        Assert.Contains(text, original, StringComparison.Ordinal);
        var at = original.IndexOf(text, StringComparison.Ordinal);
        var marked = original[..at] + change + original[(at + text.Length)..];
        var mark = marked.IndexOf('§', StringComparison.Ordinal);

        var (job, found) = JobTexts.Read(marked.Replace("§", "", StringComparison.Ordinal));

        Assert.Null(job);
        var problem = Assert.Single(found.All, problem => problem.Message.Contains(fault, StringComparison.Ordinal));
        Assert.Contains(remedy, problem.Message, StringComparison.Ordinal);
        if (mark >= 0)
        {
            var line = marked[..mark].Count(letter => letter == '\n') + 1;
            Assert.Equal($"job.json:{line}:{mark - marked.LastIndexOf('\n', mark)}", problem.Position.ToString());
        }
    }

    [Fact]
    public void All_problems_are_reported_at_once()
    {
        var text = JobTexts.ThreeTiers.Replace("\"fetch\"", "\"fetsh\"", StringComparison.Ordinal).Replace("\"na\": [ \"d-2\", \"d-3\" ]", "\"na\": [ \"x\", \"y\" ]", StringComparison.Ordinal);

        var (_, found) = JobTexts.Read(text);

        Assert.Equal(3, found.Count);
    }

    [Fact]
    public void A_role_whose_program_is_not_on_board_is_refused_only_where_it_should_run()
    {
        var text = JobTexts.ThreeTiers.Replace("\"name\": \"a\",", "\"name\": \"a\", \"program\": \"agregator\",", StringComparison.Ordinal);

        Assert.NotNull(JobTexts.Read(text).Job);
        var (job, found) = JobTexts.Read(text, Programs.BuiltIn);

        Assert.Null(job);
        Assert.Contains("role 'a': the program 'agregator' is not on board; use aggregator, asynchronous-aggregator, coordinator, directory, hybrid-trainer, middle-aggregator, ring-trainer, site, trainer (did you mean 'aggregator'?)", found.All[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_leads_to_two_parents_is_refused()
    {
        var (_, found) = JobTexts.Read("""
            { "job": "x",
              "datasets": [ { "name": "d-0", "labels": { "city": "ulm", "region": "north" } }, { "name": "d-1", "labels": { "city": "ulm", "region": "south" } } ],
              "topology": { "roles": [ { "name": "t", "isDataConsumer": true }, { "name": "k" }, { "name": "r" } ],
                "channels": [ { "name": "low", "pair": [ "t", "k" ], "groupBy": { "label": "city" } },
                              { "name": "high", "pair": [ "k", "r" ], "groupBy": { "label": "region" } } ] } }
            """);

        var problem = Assert.Single(found.All);
        Assert.Equal("job.json:4:80: channel 'low': 'ulm' of label 'city' is ambiguous for role 'k': it leads to 'north' and 'south'; give its datasets one parent, or write groupAssociation", problem.ToString());
    }

    [Fact]
    public void A_dataset_group_that_fits_several_associations_is_refused()
    {
        var (_, found) = JobTexts.Read("""
            { "job": "x", "datasets": [ "d-0", "d-1" ],
              "topology": { "roles": [
                  { "name": "t", "isDataConsumer": true, "groupAssociation": [ { "ring": "us", "up": "default" }, { "ring": "eu", "up": "default" } ],
                    "datasets": { "default": [ "d-0", "d-1" ] } }, { "name": "a" } ],
                "channels": [ { "name": "ring", "pair": [ "t", "t" ], "groupBy": [ "us", "eu" ] }, { "name": "up", "pair": [ "t", "a" ] } ] } }
            """);

        Assert.Contains("job.json:4:23: role 't': the dataset group 'default' fits several groupAssociations", found.All[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_topic_that_brokers_would_refuse_is_refused()
    {
        var name = new string('x', 36);
        var text = $$"""
            { "job": "{{name}}", "datasets": [ { "name": "d", "path": "d.csv", "partition": { "kind": "iid", "parts": 100001 } } ],
              "topology": { "roles": [ { "name": "{{name[1..]}}a", "isDataConsumer": true }, { "name": "{{name[1..]}}b", "replica": 1000000 } ],
                "channels": [ { "name": "{{name}}", "pair": [ "{{name[1..]}}a", "{{name[1..]}}b" ], "groupBy": "{{name}}" } ] } }
            """;

        var (_, found) = JobTexts.Read(text);

        Assert.Contains($"channel '{name}': its longest topic has 257 bytes, above 256; shorten the names", Assert.Single(found.All).Message, StringComparison.Ordinal);
    }
}
